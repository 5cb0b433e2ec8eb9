// A pattern as a program of a few instructions, after Thompson: find-id.ts runs several of them side by side over all ids at once,
// backtrack.ts runs one as a backtracking engine would. Bounded in size: a pattern that unrolls to more is left undecided.

import { type Atom, type Node, parsePattern, type PatternOptions } from './parse-pattern.ts';

/** One instruction; numbers are places in the program. */
export type Instruction =
  | { readonly op: 'take'; readonly atom: Atom; readonly next: number }
  | { readonly op: 'try'; readonly first: number; readonly second: number; readonly loop: boolean }
  | { readonly op: 'assert'; readonly at: (Node & { kind: 'assert' })['at']; readonly next: number }
  | { readonly op: 'match' };

/** A compiled pattern. It matches at the start of the text, and wherever `match` is reached. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly start: number;
}

/** Most instructions of one program: a list of names as long as a regex may be has fewer. */
const instructionsMax = 5_000;

/** The program of a pattern, or `undefined` when it is too large. */
export function compilePattern(regex: string, options: PatternOptions = {}): Program | undefined {
  const instructions: Instruction[] = [{ op: 'match' }];
  const add = (instruction: Instruction): number => instructions.push(instruction) - 1;

  // Built from the end: each part is given where it leads, and answers where it begins.
  function build(node: Node, next: number): number {
    if (instructions.length > instructionsMax) return next;
    switch (node.kind) {
      case 'atom':
        return add({ op: 'take', atom: node.atom, next });
      case 'assert':
        return add({ op: 'assert', at: node.at, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => build(part, after), next);
      case 'either':
        return node.options
          .map((option) => build(option, next))
          .reduceRight((second, first) => add({ op: 'try', first, second, loop: false }));
      case 'repeat':
        return repeat(node, next);
    }
  }

  function repeat({ body, min, max }: Node & { kind: 'repeat' }, next: number): number {
    let begin = next;
    if (max === Infinity) {
      const loop = add({ op: 'match' });
      instructions[loop] = { op: 'try', first: build(body, loop), second: next, loop: true };
      begin = loop;
    } else
      for (let count = min; count < max; count++)
        begin = add({ op: 'try', first: build(body, begin), second: next, loop: false });
    for (let count = 0; count < min; count++) begin = build(body, begin);
    return begin;
  }

  const start = build(parsePattern(regex, options), 0);
  return instructions.length > instructionsMax ? undefined : { instructions, start };
}

/** The text that every match begins with, as far as it is the same for all. */
export function literalPrefix({ instructions, start }: Program): string {
  let prefix = '';
  for (let at = start; ; ) {
    const instruction = instructions[at]!;
    if (instruction.op === 'assert') at = instruction.next;
    else if (instruction.op === 'take' && instruction.atom.literal !== undefined) {
      prefix += instruction.atom.literal;
      at = instruction.next;
    } else return prefix;
  }
}
