// Looks for an id that some patterns match and others do not, by running them together over all ids of a kind: breadth first, so the
// shortest is found, and exactly, so "none" means that there is none. With it the linter names whom two namespaces both claim, whom a
// pattern grabs beyond what it spells out, and whom another homeserver would count in.
//
//   must:    ^@_irc_.*       {0} ─@→ {1} ─_→ … ─_→ {loop, match}      a state is the set of places where each program can be
//   mustNot: ^@_irc_[a-z]+  {0} ─@→ {1} ─_→ …                         the search is over pairs (tuples) of such sets

import type { Program } from './compile-pattern.ts';

/** A pattern and how it is held against ids. */
export interface Machine {
  readonly program: Program;
  /**
   * `start`: from the id's beginning, open at its end, as Pons does it. `name`: from the beginning to the colon at least, so that nothing
   * of the name is left over. `anywhere`: in any part of the id.
   */
  readonly mode: 'start' | 'name' | 'anywhere';
}

/** The ids that are searched: sigil, one or more of these characters, colon, server. */
export interface Ids {
  readonly sigil: string;
  /** Characters of the localpart; those that make a readable sample come first. */
  readonly characters: string;
  readonly server: string;
}

/** What a search ended with. */
export type Found =
  | { readonly outcome: 'found'; readonly id: string }
  | { readonly outcome: 'none' }
  | { readonly outcome: 'undecided' };

/** What is looked for. */
export interface Wanted {
  readonly must: readonly Machine[];
  readonly mustNot?: readonly Machine[];
}

/** States looked at, and instructions run, before the search gives up: ordinary patterns need some dozens, and some hundreds. */
const statesMax = 20_000;
const workMax = 1_000_000;
/** Longest id of the specification, in characters. */
const idLengthMax = 255;

/** Where one program can be: its places before the next character, and whether it has matched already. */
interface Standing {
  readonly places: readonly number[];
  readonly matched: boolean;
}

interface State {
  readonly id: string;
  /** Characters of the id's end that were written: 0 while the localpart goes on. */
  readonly written: number;
  readonly standings: readonly Standing[];
}

/** The shortest id that is wanted. */
export function findId(ids: Ids, { must, mustNot = [] }: Wanted): Found {
  const machines = [...must, ...mustNot];
  const isWanted = ({ matched }: Standing, index: number) => matched === index < must.length;
  const isHopeless = ({ places, matched }: Standing, index: number) =>
    index < must.length ? !matched && places.length === 0 && machines[index]?.mode !== 'anywhere' : matched;
  const tail = `:${ids.server}`;
  const letters = Array.from(distinguished(ids.characters, machines));
  const ways = { sigil: [ids.sigil], first: letters, letters: [...letters, ':'], tail: Array.from(tail) };
  const first: State = { id: '', written: 0, standings: machines.map(begin) };
  const queue = [first];
  const seen = new Set<string>();
  let work = 0;
  for (let head = 0; head < queue.length; head++) {
    if (queue.length > statesMax || work > workMax) return { outcome: 'undecided' };
    const state = queue[head]!;
    work += state.standings.reduce((sum, { places }) => sum + places.length + 1, 0);
    for (const character of following(state, ways)) {
      const standings = machines.map((machine, index) => step(machine, state.standings[index]!, state.id, character));
      const id = state.id + (character ?? '');
      if (character === undefined) {
        if (standings.every(isWanted)) return { outcome: 'found', id: readable(id, tail, ids, { must, mustNot }) };
        continue;
      }
      if (standings.some(isHopeless) || id.length > idLengthMax) continue;
      const written = state.written > 0 || (character === ':' && id.length > 2) ? state.written + 1 : 0;
      const key = `${Math.min(id.length, 2)} ${written} ${isWord(character)} ${standings.map(keyOf).join(';')}`;
      if (seen.has(key)) continue;
      seen.add(key);
      queue.push({ id, written, standings });
    }
  }
  return { outcome: 'none' };
}

/** Whether these machines say of this id what is wanted. */
export function isAsWanted(id: string, { must, mustNot = [] }: Wanted): boolean {
  return must.every((machine) => accepts(machine, id)) && !mustNot.some((machine) => accepts(machine, id));
}

function accepts(machine: Machine, id: string): boolean {
  let standing = begin(machine);
  for (let at = 0; at < id.length; at++) standing = step(machine, standing, id.slice(0, at), id[at]);
  return step(machine, standing, id, undefined).matched;
}

function begin({ program }: Machine): Standing {
  return { places: [program.start], matched: false };
}

/** What may come next; `undefined` is the end of the id. */
function following({ id, written }: State, ways: Ways): readonly (string | undefined)[] {
  if (id === '') return ways.sigil;
  if (written === 0) return id.length === 1 ? ways.first : ways.letters;
  return [ways.tail[written]];
}

/** Characters by where they may stand. */
interface Ways {
  readonly sigil: readonly string[];
  readonly first: readonly string[];
  readonly letters: readonly string[];
  readonly tail: readonly string[];
}

/** Reads one character, or the end, after what was read before. */
function step(
  { program, mode }: Machine,
  { places, matched }: Standing,
  before: string,
  character: string | undefined,
): Standing {
  if (matched) return { places, matched };
  const counts = mode !== 'name' || character === undefined || character === ':' || before.includes(':');
  const { instructions } = program;
  const reached = new Set<number>();
  const next = new Set<number>();
  let matches = false;
  const open = mode === 'anywhere' ? [...places, program.start] : [...places];
  while (open.length > 0) {
    const at = open.pop()!;
    if (reached.has(at)) continue;
    reached.add(at);
    const instruction = instructions[at]!;
    if (instruction.op === 'match') matches ||= counts;
    else if (instruction.op === 'try') open.push(instruction.first, instruction.second);
    else if (instruction.op === 'assert') {
      if (holds(instruction.at, before.at(-1), character)) open.push(instruction.next);
    } else if (character !== undefined && instruction.atom.has(character)) next.add(instruction.next);
  }
  if (matches) return { places: [], matched: true };
  return { places: [...next].sort((a, b) => a - b), matched: false };
}

function holds(at: string, before: string | undefined, after: string | undefined): boolean {
  if (at === 'begin') return before === undefined;
  if (at === 'end') return after === undefined;
  return (isWord(before) !== isWord(after)) === (at === 'boundary');
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /\w/.test(character);
}

function keyOf({ places, matched }: Standing): string {
  return matched ? 'm' : places.join(',');
}

/** One character of each sort that the programs tell apart. */
function distinguished(characters: string, machines: readonly Machine[]): string {
  const atoms = machines.flatMap(({ program }) =>
    program.instructions.flatMap((instruction) => (instruction.op === 'take' ? [instruction.atom] : [])),
  );
  const literals = new Set(atoms.flatMap(({ literal }) => literal ?? []));
  const classes = new Set(atoms.filter(({ literal }) => literal === undefined));
  const sorts = new Map<string, string>();
  for (const character of characters) {
    const sort = literals.has(character)
      ? character
      : `${isWord(character)} ${[...classes].map((atom) => (atom.has(character) ? 1 : 0)).join('')}`;
    if (!sorts.has(sort)) sorts.set(sort, character);
  }
  return [...sorts.values()].join('');
}

/** `@_irc_:example.org` is the shortest and shows little: a name is put in where the answer stays the same. */
function readable(id: string, tail: string, { characters }: Ids, wanted: Wanted): string {
  const localpart = id.slice(0, -tail.length);
  if (/\w$/.test(localpart) && !localpart.endsWith('_')) return id;
  for (const name of ['alice', 'a']) {
    const longer = `${localpart}${name}${tail}`;
    if (Array.from(name).every((letter) => characters.includes(letter)) && isAsWanted(longer, wanted)) return longer;
  }
  return id;
}
