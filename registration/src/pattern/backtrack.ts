// What a pattern costs in an engine that tries one way after the other and comes back (Python's, hence Synapse's): counted in steps, not
// in time. The ids tried are made from the pattern: what leads to a loop, the loop's body again and again, and an end that does not fit.

import { literalPrefix, type Program } from './compile-pattern.ts';
import type { Atom } from './parse-pattern.ts';

/** An id that costs such an engine more than it has. */
export interface Catastrophe {
  readonly id: string;
  /** Steps after which counting was given up. */
  readonly steps: number;
}

/** More than a pattern of the third degree needs on the longest of them (350,000). */
const stepsMax = 1_000_000;
/** Lengths of the ids that are tried, in characters: an id may have 255. The longer ones show what doubles only every few letters. */
const triedLengths = [64, 128];
/** Ids tried for one pattern, and instructions looked at to make them. */
const triesMax = 600;
const workMax = 2_000_000;
/** Choices one after another that do no harm: of three loops the steps grow with the third power. */
const choicesMin = 3;
/** Instructions of a pattern that explodes without a loop: one optional letter repeated thirty times. */
const fixedMin = 60;
/** Combinations of two rounds of one loop that are tried. */
const pairsMax = 30;
/** Letters in several orders: a round that the rest of the pattern takes as well ends the match, one that it does not take goes back. */
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_.-=/+@#!:ABCDEFGHIJKLMNOPQRSTUVWXYZ$%&*~';
const orders = [letters, '_.-=/+0123456789zyxwvutsrqponmlkjihgfedcba@#!:', 'qxj5bca_.0', 'BCAZ09zm-'];

/** The first id found that makes the pattern explode. */
export function findCatastrophe(program: Program): Catastrophe | undefined {
  if (!mayExplode(program)) return undefined;
  for (const length of triedLengths) {
    const seen = new Set<string>();
    for (const id of candidates(program, length)) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (seen.size > triesMax) break;
      if (countSteps(program, id, stepsMax) >= stepsMax) return { id, steps: stepsMax };
    }
  }
  return undefined;
}

/** Whether there is anything to try: a choice within a loop, or many choices one after another. Nearly all patterns have neither. */
function mayExplode(program: Program): boolean {
  const choices = program.instructions.flatMap((instruction, at) => (instruction.op === 'try' ? [at] : []));
  if (choices.length > choicesMin) return true;
  return choices.some((loop) => {
    const instruction = program.instructions[loop]!;
    if (instruction.op !== 'try' || !instruction.loop) return false;
    // The body of a loop is left by its head alone.
    const body = new Set<number>([loop]);
    const open = [instruction.first];
    while (open.length > 0) {
      const at = open.pop()!;
      if (body.has(at)) continue;
      body.add(at);
      const inner = program.instructions[at]!;
      if (inner.op === 'try') return true;
      if (inner.op !== 'match') open.push(inner.next);
    }
    return false;
  });
}

/** Steps of a backtracking engine on a text, from its start, up to a bound. */
export function countSteps({ instructions, start }: Program, text: string, bound: number): number {
  // A way not yet tried; `loop` puts back where a loop was entered last, so that an empty round ends it.
  const open: { at: number; position: number; loop?: number }[] = [{ at: start, position: 0 }];
  const entered = new Map<number, number>();
  let steps = 0;
  for (let way = open.pop(); way !== undefined && steps < bound; way = open.pop()) {
    if (way.loop !== undefined) {
      entered.set(way.loop, way.position);
      continue;
    }
    let { at, position } = way;
    for (; steps < bound; steps++) {
      const instruction = instructions[at]!;
      if (instruction.op === 'match') return steps;
      if (instruction.op === 'take') {
        const character = text[position];
        if (character === undefined || !instruction.atom.has(character)) break;
        position += 1;
        at = instruction.next;
      } else if (instruction.op === 'assert') {
        if (instruction.at === 'begin' ? position > 0 : instruction.at === 'end' && position < text.length) break;
        at = instruction.next;
      } else {
        const last = entered.get(at) ?? -1;
        if (instruction.loop && last === position) at = instruction.second;
        else {
          open.push({ at: instruction.second, position });
          if (instruction.loop) {
            open.push({ at, position: last, loop: at });
            entered.set(at, position);
          }
          at = instruction.first;
        }
      }
    }
  }
  return steps;
}

function* candidates(program: Program, length: number): Generator<string> {
  const fill = (before: string, round: string, end: string) =>
    before + round.repeat(Math.max(1, Math.floor((length - before.length) / round.length))) + end;
  const { instructions, start } = program;
  const work = { left: workMax };
  const ends = ['!', '~:x', ''];
  for (const [loop, instruction] of instructions.entries()) {
    if (instruction.op !== 'try' || !instruction.loop) continue;
    const before = wordTo(program, { from: start, to: loop, order: letters }, work);
    if (before === undefined) continue;
    for (const round of rounds(program, { loop, first: instruction.first }, work))
      for (const end of ends) yield fill(before, round, end);
  }
  // Without loops, optional parts repeated a fixed number of times explode as well.
  if (instructions.length > fixedMin)
    for (const letter of new Set(instructions.flatMap((one) => (one.op === 'take' ? [one.atom.literal ?? 'a'] : []))))
      for (const end of ends) yield fill(literalPrefix(program), letter, end);
}

/** What is left of workMax. */
interface Work {
  left: number;
}

/** Words that go round a loop: once, for each way to begin and each order of letters; and two of those, one after the other. */
function rounds(program: Program, at: { readonly loop: number; readonly first: number }, work: Work): string[] {
  const words = new Set<string>();
  const firsts = reachable(program, at.first, work);
  for (const order of orders)
    for (const place of firsts) {
      const instruction = program.instructions[place]!;
      const letter = instruction.op === 'take' ? letterOf(instruction.atom, order) : undefined;
      if (instruction.op !== 'take' || letter === undefined) continue;
      const rest = wordTo(program, { from: instruction.next, to: at.loop, order }, work);
      if (rest !== undefined) words.add(letter + rest);
    }
  const once = [...words];
  const twice = once.flatMap((one) => once.flatMap((two) => (one === two ? [] : [one + two])));
  return [...once, ...twice.slice(0, pairsMax)];
}

/** Places that can be reached without taking a character. */
function reachable({ instructions }: Program, from: number, work: Work): number[] {
  const found = new Set<number>();
  const open = [from];
  while (open.length > 0) {
    const at = open.pop()!;
    if (found.has(at)) continue;
    found.add(at);
    work.left -= 1;
    const instruction = instructions[at]!;
    if (instruction.op === 'try') open.push(instruction.second, instruction.first);
    else if (instruction.op === 'assert') open.push(instruction.next);
  }
  return [...found];
}

interface Way {
  readonly from: number;
  readonly to: number;
  /** Letters, the preferred ones first. */
  readonly order: string;
}

/** The shortest word that leads from one place to another. */
function wordTo(program: Program, { from, to, order }: Way, work: Work): string | undefined {
  const words = new Map<number, string>([[from, '']]);
  const open = [from];
  for (let head = 0; head < open.length && work.left > 0; head++) {
    const word = words.get(open[head]!) ?? '';
    for (const at of reachable(program, open[head]!, work)) {
      if (at === to) return word;
      const instruction = program.instructions[at]!;
      if (instruction.op !== 'take' || words.has(instruction.next)) continue;
      const letter = letterOf(instruction.atom, order);
      if (letter === undefined) continue;
      words.set(instruction.next, word + letter);
      open.push(instruction.next);
    }
  }
  return undefined;
}

function letterOf({ literal, has }: Atom, order: string): string | undefined {
  return (
    literal ?? Array.from(order).find((letter) => has(letter)) ?? Array.from(letters).find((letter) => has(letter))
  );
}
