// The table of several homeservers side by side, as docs/bridging/conformance.md prints it: counts first, then every claim by chapter, and
// at the end in words what did not hold.

import type { CaseResult, Level } from '@pons/appservice-conformance';

/** One homeserver's results. */
export interface Measured {
  readonly name: string;
  readonly version: string;
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

/** The document. */
export function conformanceDocument(servers: readonly Measured[]): string {
  const [first] = servers;
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const heads = servers.map(({ name, version, date }) => `${name} ${version} (${date})`);
  const counts = levels.map(([level, meaning]) =>
    row([
      `${level}: ${meaning}`,
      ...servers.map(({ results }) => {
        const of = results.filter((one) => one.level === level);
        const count = (outcome: CaseResult['outcome']) => of.filter((one) => one.outcome === outcome).length;
        return `${count('passed')} of ${count('passed') + count('failed')}${count('skipped') > 0 ? `, ${count('skipped')} not judged` : ''}`;
      }),
    ]),
  );
  const chapters = [...new Set((first?.results ?? []).map(({ chapter }) => chapter))].map((chapter) => {
    const claims = (first?.results ?? []).filter((one) => one.chapter === chapter);
    return [
      `## ${chapter}`,
      '',
      row(['Claim', ...servers.map(({ name }) => name)]),
      row(['---', ...servers.map(() => '---')]),
      ...claims.map(({ id, claim, level, link }) =>
        row([
          `[${cell(claim)}](${link})${level === 'must' ? '' : ` (${level})`}`,
          ...servers.map(({ results }) => signs[results.find((one) => one.id === id)?.outcome ?? 'skipped']),
        ]),
      ),
      '',
    ];
  });
  const words = servers.flatMap(({ name, results }) => {
    const unmet = results.filter(({ outcome }) => outcome !== 'passed');
    if (unmet.length === 0) return [];
    return [
      `## What did not hold, or could not be judged: ${name}`,
      '',
      ...unmet.map(({ id, claim, reason = '' }) => `- ${claim} (\`${id}\`): ${reason.replaceAll('\n', ' ')}`),
      '',
    ];
  });
  return [
    '# Conformance of the application-service API',
    '',
    'Measured from outside, over HTTP, by the kit in `packages/appservice-conformance`: it plays several application services, people and',
    'ghosts, and kills the homeserver where a claim asks for it. `node scripts/conformance/appservice-peers.ts` repeats the whole run and writes this page.',
    'Synapse ran on SQLite with every experimental switch for application services on, and the same rate limits for people as Pons. A run is one run:',
    'read a single “no” together with its reason at the end. A dash is a claim that could not be judged.',
    '',
    row(['Claims that hold', ...heads]),
    row(['---', ...servers.map(() => '---')]),
    ...counts,
    '',
    ...chapters.flat(),
    ...words,
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
