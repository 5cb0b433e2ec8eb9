// The table of several homeservers side by side, as docs/bridging/conformance.md prints it: counts first, then every claim by chapter, and
// at the end in words what did not hold.

import type { CaseResult, Level } from '@pons/appservice-conformance';

/** One homeserver's results. */
export interface Measured {
  readonly name: string;
  readonly version: string;
  /** What it ran on and with, as words that follow “on”. */
  readonly setUp: string;
  /** Day of the run. */
  readonly date: string;
  readonly results: readonly CaseResult[];
}

const levels: readonly (readonly [Level, string])[] = [
  ['must', 'the specification says MUST'],
  ['should', 'the specification says SHOULD, or leaves little doubt'],
  ['unstable', 'proposals that bridges use'],
  ['beyond', 'better than asked for'],
];
const signs = { passed: 'yes', failed: '**no**', skipped: '–' } as const;
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const rule = (servers: readonly Measured[]) => row(['---', ...servers.map(() => '---')]);

/** How many of some claims hold at a server, of those that could be judged. */
function count({ results }: Measured, counts: (one: CaseResult) => boolean): string {
  const of = results.filter(counts);
  const number = (outcome: CaseResult['outcome']) => of.filter((one) => one.outcome === outcome).length;
  const judged = `${number('passed')} of ${number('passed') + number('failed')}`;
  return number('skipped') === 0 ? judged : `${judged}, ${number('skipped')} not judged`;
}

function chapterTable(chapter: string, servers: readonly Measured[]): readonly string[] {
  const claims = (servers[0]?.results ?? []).filter((one) => one.chapter === chapter);
  return [
    `## ${chapter}`,
    '',
    row(['Claim', ...servers.map(({ name }) => name)]),
    rule(servers),
    ...claims.map(({ id, claim, level, link }) =>
      row([
        `[${cell(claim)}](${link})${level === 'must' ? '' : ` (${level})`}`,
        ...servers.map(({ results }) => signs[results.find((one) => one.id === id)?.outcome ?? 'skipped']),
      ]),
    ),
    '',
  ];
}

function inWords({ name, results }: Measured): readonly string[] {
  const unmet = results.filter(({ outcome }) => outcome !== 'passed');
  if (unmet.length === 0) return [];
  return [
    `## What did not hold, or could not be judged: ${name}`,
    '',
    ...unmet.map(
      ({ id, claim, level, reason = '' }) =>
        `- ${claim} (\`${id}\`, ${level}): ${reason.replaceAll(/\s+/g, ' ').replaceAll('<', '\\<')}`,
    ),
    '',
  ];
}

/** The document. @param missing  servers that were not to be had, a sentence each */
export function conformanceDocument(servers: readonly Measured[], missing: readonly string[]): string {
  const chapters = [...new Set((servers[0]?.results ?? []).map(({ chapter }) => chapter))];
  return [
    '# Conformance of the application-service API',
    '',
    'Measured from outside, over HTTP, by the kit in `packages/appservice-conformance`: it plays several application services, people and',
    'ghosts, and kills the homeserver where a claim asks for it. `node scripts/conformance/appservice-peers.ts` repeats the whole run and writes this',
    'page. People had the same limits on messages everywhere. A run is one run: read a single “no” together with its reason at the end. A dash is a',
    'claim that could not be judged.',
    '',
    ...servers.map(({ name, version, setUp, date }) => `- ${name} ${version}, on ${setUp}, ${date}`),
    ...missing.map((why) => `- ${why}`),
    '',
    row(['Claims that hold', ...servers.map(({ name }) => name)]),
    rule(servers),
    ...levels.map(([level, meaning]) =>
      row([`${level}: ${meaning}`, ...servers.map((one) => count(one, (of) => of.level === level))]),
    ),
    '',
    row(['By chapter', ...servers.map(({ name }) => name)]),
    rule(servers),
    ...chapters.map((chapter) => row([chapter, ...servers.map((one) => count(one, (of) => of.chapter === chapter))])),
    '',
    ...chapters.flatMap((chapter) => chapterTable(chapter, servers)),
    ...servers.flatMap(inWords),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
