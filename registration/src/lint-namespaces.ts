// Findings about the patterns of one registration, each with an id that shows it. Ids are found by search (pattern/find-id.ts), not by
// guessing: "nobody" is as certain as "@_irc_alice:example.org".
// https://spec.matrix.org/v1.19/application-service-api/#registration

import type { Report } from './findings.ts';
import { compileEntries, compileRegex } from './namespaces.ts';
import { findCatastrophe } from './pattern/backtrack.ts';
import { compilePattern, type Program } from './pattern/compile-pattern.ts';
import { findId, type Ids } from './pattern/find-id.ts';
import type { NamespaceEntry, Registration } from './registration.ts';

/** Characters of new user ids, and of aliases as far as people type them; the readable ones first. */
const userCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_.-=/+';
const otherCharacters = `ABCDEFGHIJKLMNOPQRSTUVWXYZ!"#$%&'()*,;<>?@[\\]^\`{|}~`;
const ordinaryNames = ['alice', 'admin', 'bob', 'root', 'maria'];
const elsewhereServer = 'elsewhere.example';
/** Patterns of one registration that are looked at; a thousand of them are a list made by a program. */
const usualPatternsMax = 200;

/** Ids of a kind on a server. */
export function idsOf(kind: 'users' | 'aliases', server: string): Ids {
  return kind === 'users'
    ? { sigil: '@', characters: userCharacters, server }
    : { sigil: '#', characters: userCharacters + otherCharacters, server };
}

/** Looks at every pattern, and at the sender. */
export function lintNamespaces(
  registration: Registration,
  {
    serverName,
    notes,
    patternsMax = usualPatternsMax,
  }: { readonly serverName: string; readonly notes: boolean; readonly patternsMax?: number | undefined },
  report: Report,
): void {
  const { namespaces, senderLocalpart } = registration;
  for (const kind of ['users', 'aliases', 'rooms'] as const)
    for (const [index, entry] of namespaces[kind].slice(0, patternsMax).entries()) {
      const path = `namespaces.${kind}[${index}].regex`;
      const program = compilePattern(entry.regex);
      if (program === undefined) {
        report('undecided', path, `${quoted(entry)} unrolls to too much to be looked at`);
        continue;
      }
      lintCost(entry, program, (code, reason, more) => report(code, path, reason, more));
      if (kind === 'rooms') {
        if (entry.exclusive)
          report(
            'rooms-exclusive',
            path,
            `${quoted(entry)}: for rooms exclusive means that it may choose these ids for rooms which it makes; elsewhere it means nothing`,
          );
      } else
        lintPattern({ entry, program, kind, serverName, notes }, (code, reason, more) =>
          report(code, path, reason, more),
        );
    }
  const sender = `@${senderLocalpart}:${serverName}`;
  if (namespaces.users.length > 0 && compileEntries(namespaces.users)(sender) === 'outside')
    report(
      'sender-outside',
      'sender_localpart',
      `${sender} is in none of the users namespaces: here it is its own all the same, elsewhere somebody else may hold the name`,
      { sample: sender },
    );
}

type ReportHere = (code: Parameters<Report>[0], reason: string, more?: Parameters<Report>[3]) => void;

interface Pattern {
  readonly entry: NamespaceEntry;
  readonly program: Program;
  readonly kind: 'users' | 'aliases';
  readonly serverName: string;
  readonly notes: boolean;
}

function quoted({ regex }: NamespaceEntry): string {
  return JSON.stringify(regex.length > 100 ? `${regex.slice(0, 100)}…` : regex);
}

function lintCost(entry: NamespaceEntry, program: Program, report: ReportHere): void {
  const catastrophe = findCatastrophe(program);
  if (catastrophe === undefined) return;
  report(
    'catastrophic',
    `${quoted(entry)} runs in linear time here, but stops a homeserver whose engine backtracks (Synapse): ${catastrophe.id} takes it more than ${catastrophe.steps} steps`,
    { sample: catastrophe.id },
  );
}

function lintPattern(pattern: Pattern, report: ReportHere): void {
  const { entry, program, kind, serverName, notes } = pattern;
  const ids = idsOf(kind, serverName);
  const ours = { program, mode: 'start' } as const;
  const any = findId(ids, { must: [ours] });
  if (any.outcome === 'none')
    return report('never-matches', `${quoted(entry)} matches nobody: ${whyNobody(entry, ids)}`);
  if (any.outcome === 'undecided') return report('undecided', `${quoted(entry)} is too much to be searched`);
  const matches = compileRegex(entry.regex);
  const ordinary = ordinaryNames.map((name) => `${ids.sigil}${name}:${serverName}`).find(matches);
  if (entry.exclusive && ordinary !== undefined)
    report('too-wide', `${quoted(entry)} is exclusive and takes ordinary names such as ${ordinary}`, {
      sample: ordinary,
    });
  const beyond = findId(ids, { must: [ours], mustNot: [{ program, mode: 'name' }] });
  if (beyond.outcome === 'found')
    report('open-end', `${quoted(entry)} does not cover the whole id: it also takes ${beyond.id}`, {
      sample: beyond.id,
    });
  if (!notes) return;
  const marked = compilePattern(`^${ids.sigil}_`);
  // One name that is written in full was chosen with care.
  const isOneName = /^\^?[@#][\w=/+-]+:/.test(entry.regex);
  if (entry.exclusive && !isOneName && ordinary === undefined && marked !== undefined) {
    const unmarked = findId(ids, { must: [ours], mustNot: [{ program: marked, mode: 'start' }] });
    if (unmarked.outcome === 'found')
      report(
        'no-underscore',
        `${quoted(entry)} takes ${unmarked.id}: names of application services should begin with _, so that nobody wants them`,
        { sample: unmarked.id },
      );
  }
  lintElsewhere(pattern, report);
}

/** What the same pattern means to other homeservers, where that differs. */
function lintElsewhere({ entry, program, kind, serverName }: Pattern, report: ReportHere): void {
  const ids = idsOf(kind, serverName);
  const ours = { program, mode: 'start' } as const;
  const say = (who: string, why: string, sample: string): void =>
    report('elsewhere', `${quoted(entry)}: ${who} also ${who.includes(' and ') ? 'take' : 'takes'} ${sample}, ${why}`, {
      sample,
    });
  const inside = findId(ids, { must: [{ program, mode: 'anywhere' }], mustNot: [ours] });
  if (inside.outcome === 'found')
    say('Dendrite, tuwunel and continuwuity', 'they look for the pattern anywhere in the id', inside.id);
  if (kind === 'users') {
    const remote = findId(idsOf(kind, elsewhereServer), { must: [{ program, mode: 'anywhere' }] });
    if (remote.outcome === 'found')
      say('Dendrite and continuwuity', 'they do not ask for users of the server itself', remote.id);
  }
  // Of aliases that would be true of every pattern with a letter in it, and none could avoid it.
  const folded = kind === 'aliases' ? undefined : compilePattern(entry.regex, { ignoreCase: true });
  if (folded !== undefined) {
    const other = findId(ids, {
      must: [{ program: folded, mode: 'anywhere' }],
      mustNot: [{ program, mode: 'anywhere' }],
    });
    if (other.outcome === 'found') say('tuwunel', 'it takes small letters for capitals', other.id);
  }
  const unread = /\\[zpPQC]|\[\[:\^?\w+:\]|\\x\{/.exec(entry.regex)?.[0];
  if (unread !== undefined)
    report('elsewhere', `${quoted(entry)}: Synapse does not read ${unread} as is done here (RE2 against Python)`);
}

function whyNobody({ regex }: NamespaceEntry, ids: Ids): string {
  const wide = { ...ids, characters: userCharacters + otherCharacters };
  const matchesIn = (where: Ids, pattern = regex): boolean => {
    const program = compilePattern(pattern);
    return program !== undefined && findId(where, { must: [{ program, mode: 'start' }] }).outcome === 'found';
  };
  if (matchesIn(wide)) return `it asks for characters that no new id has (a-z, 0-9 and ._=-/+)`;
  const anchorless = regex.replace(/^\^/, '');
  if (matchesIn(ids, `${ids.sigil}(?:${anchorless})`)) return `an id begins with ${ids.sigil}`;
  const server = serverIn(regex);
  if (server !== undefined && server !== ids.server && matchesIn({ ...ids, server }))
    return `it asks for the server ${server}, this one is ${ids.server}`;
  return `ids are ${ids.sigil}name:${ids.server}`;
}

/** The server that a pattern names behind its last colon, if it names one. */
export function serverIn(regex: string): string | undefined {
  const tail = /:((?:[A-Za-z0-9-]|\\?\.|\\-)+(?::\d+)?)\)?\$?$/.exec(regex)?.[1]?.replaceAll('\\', '');
  return tail !== undefined && /[A-Za-z0-9]/.test(tail) && !tail.startsWith('.') ? tail : undefined;
}
