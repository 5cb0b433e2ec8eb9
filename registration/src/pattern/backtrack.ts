// What a pattern costs in an engine that tries one way after the other and comes back (Python's, hence Synapse's): counted in steps, not
// in time. The ids tried are made from the pattern: what leads to a loop, the loop's body again and again, and an end that does not fit.

import { literalPrefix, type Program } from './compile-pattern.ts';

/** An id that costs such an engine more than it has. */
export interface Catastrophe {
  readonly id: string;
  /** Steps after which counting was given up. */
  readonly steps: number;
}

/** More than any pattern needs on so short an id that does not explode: of the third degree it is 44,000. */
const stepsMax = 1_000_000;
/** Length of the ids that are tried, in characters. */
const triedLength = 64;
/** Ids tried for one pattern, and instructions looked at to make them. */
const triesMax = 400;
const workMax = 2_000_000;
const letters = 'abcdefghijklmnopqrstuvwxyz0123456789_.-=/+@#!:ABCDEFGHIJKLMNOPQRSTUVWXYZ$%&*~';

/** The first id found that makes the pattern explode. */
export function findCatastrophe(program: Program): Catastrophe | undefined {
  const seen = new Set<string>();
  for (const id of candidates(program)) {
    if (seen.has(id)) continue;
    seen.add(id);
    if (seen.size > triesMax) return undefined;
    if (countSteps(program, id, stepsMax) >= stepsMax) return { id, steps: stepsMax };
  }
  return undefined;
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

function* candidates(program: Program): Generator<string> {
  const { instructions, start } = program;
  const work = { left: workMax };
  const ends = ['!', '~:x', ''];
  for (const [loop, instruction] of instructions.entries()) {
    if (instruction.op !== 'try' || !instruction.loop) continue;
    const before = wordTo(program, start, loop, work);
    if (before === undefined) continue;
    for (const round of rounds(program, loop, instruction.first, work))
      for (const end of ends) yield fill(before, round, end);
  }
  // Without loops, optional parts repeated a fixed number of times explode as well.
  if (instructions.length > triedLength)
    for (const letter of new Set(instructions.flatMap((one) => (one.op === 'take' ? [one.atom.literal ?? 'a'] : []))))
      for (const end of ends) yield fill(literalPrefix(program), letter, end);
}

function fill(before: string, round: string, end: string): string {
  return before + round.repeat(Math.max(1, Math.floor((triedLength - before.length) / round.length))) + end;
}

/** What is left of workMax. */
interface Work {
  left: number;
}

/** Words that go once round a loop, one for each way to begin. */
function rounds(program: Program, loop: number, first: number, work: Work): string[] {
  const words: string[] = [];
  for (const at of reachable(program, first, work)) {
    const instruction = program.instructions[at]!;
    const letter = instruction.op === 'take' ? letterOf(instruction.atom) : undefined;
    if (instruction.op !== 'take' || letter === undefined) continue;
    const rest = wordTo(program, instruction.next, loop, work);
    if (rest !== undefined) words.push(letter + rest);
  }
  return [...new Set(words)];
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

/** The shortest word that leads from one place to another. */
function wordTo(program: Program, from: number, to: number, work: Work): string | undefined {
  const words = new Map<number, string>([[from, '']]);
  const open = [from];
  for (let head = 0; head < open.length && work.left > 0; head++) {
    const word = words.get(open[head]!) ?? '';
    for (const at of reachable(program, open[head]!, work)) {
      if (at === to) return word;
      const instruction = program.instructions[at]!;
      if (instruction.op !== 'take' || words.has(instruction.next)) continue;
      const letter = letterOf(instruction.atom);
      if (letter === undefined) continue;
      words.set(instruction.next, word + letter);
      open.push(instruction.next);
    }
  }
  return undefined;
}

function letterOf(atom: { readonly literal: string | undefined; has(character: string): boolean }): string | undefined {
  return atom.literal ?? Array.from(letters).find((letter) => atom.has(letter));
}
