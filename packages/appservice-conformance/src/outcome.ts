// What became of a case, in either half of the kit: the words in which a case fails or is skipped, and the report over all of them.
// A case throws Unmet with a sentence that names what was expected and what came instead; everything else that it throws is the kit's.

/** How binding the claim is: the specification's MUST, its SHOULD, an unstable proposal that bridges use, or better than asked for. */
export type Level = 'must' | 'should' | 'unstable' | 'beyond';

/** What a report says of one case. */
export interface CaseResult {
  readonly id: string;
  readonly chapter: string;
  readonly claim: string;
  readonly level: Level;
  /** Where the specification, a proposal or the project's own page says so. */
  readonly link: string;
  /** Rows of the comparison of homeservers that it covers (rows.ts); empty in the half for application services. */
  readonly rows: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped, in plain words. */
  readonly reason?: string;
  readonly tookMs: number;
}

/** A whole run. */
export interface Report {
  readonly against: string;
  readonly results: readonly CaseResult[];
  /** Why the run ended before every claim was tried, in plain words. */
  readonly brokenOff?: string;
}

/** The claim does not hold; the message says what was expected and what came. */
export class Unmet extends Error {}

/** The claim cannot be judged here; the message says why. */
export class Skipped extends Error {}

/** The set-up is wrong, so that no claim can be tried: a line that says what, and others that say what to do. */
export class SetUpFault extends Error {
  readonly lines: readonly string[];
  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}

/** Fails the case unless a condition holds. */
export function demand(condition: boolean, otherwise: string | (() => string)): asserts condition {
  if (!condition) throw new Unmet(typeof otherwise === 'string' ? otherwise : otherwise());
}

/** Runs one case and says what became of it. */
export async function judge(
  about: Omit<CaseResult, 'outcome' | 'reason' | 'tookMs'>,
  nowMs: () => number,
  work: () => Promise<void>,
): Promise<CaseResult> {
  const startMs = nowMs();
  const result = (outcome: CaseResult['outcome'], reason?: string): CaseResult => ({
    ...about,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    tookMs: Math.round(nowMs() - startMs),
  });
  try {
    await work();
    return result('passed');
  } catch (error) {
    if (error instanceof Skipped) return result('skipped', error.message);
    if (error instanceof Unmet) return result('failed', error.message);
    // Whatever a server does, the run goes on to the next case: what broke this one is its result.
    return result('failed', `the case broke off: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Whether all was tried and nothing that binds has failed: unstable proposals and what is better than asked for only inform. */
export const conforms = ({ results, brokenOff }: Report): boolean =>
  brokenOff === undefined &&
  results.every(({ outcome, level }) => outcome !== 'failed' || level === 'unstable' || level === 'beyond');

/** Counts by level. */
export function countByLevel(report: Report): Record<Level, Record<CaseResult['outcome'], number>> {
  const none = () => ({ passed: 0, failed: 0, skipped: 0 });
  const counts = { must: none(), should: none(), unstable: none(), beyond: none() };
  for (const { level, outcome } of report.results) counts[level][outcome] += 1;
  return counts;
}

const marks = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

/** A claim as people read it, the reason below what did not hold; with its chapter where that begins. */
export function formatResult(one: CaseResult, chapterBefore: string): string {
  const lines = one.chapter === chapterBefore ? [] : ['', one.chapter];
  lines.push(`  ${marks[one.outcome].padEnd(8)}${one.claim}${one.level === 'must' ? '' : ` (${one.level})`}`);
  if (one.reason !== undefined) lines.push(`          ${one.reason}`);
  if (one.outcome === 'failed') lines.push(`          ${one.id} · ${one.link}`);
  return lines.join('\n');
}

/** What people read below the claims: how many hold, and why the run ended too early if it did. */
export function formatSums(report: Report): string {
  const lines = ['', report.against];
  for (const [level, { passed, failed, skipped }] of Object.entries(countByLevel(report)))
    if (passed + failed + skipped > 0)
      lines.push(`  ${level.padEnd(9)}${passed} hold, ${failed} do not, ${skipped} could not be judged`);
  if (report.brokenOff !== undefined) lines.push('', report.brokenOff);
  return lines.join('\n');
}

/** The report as people read it: by chapter, each claim as a sentence, then the sums. */
export function formatReport(report: Report): string {
  const { results } = report;
  const lines = results.map((one, index) => formatResult(one, results[index - 1]?.chapter ?? ''));
  return [...lines, formatSums(report)].join('\n').trimStart();
}

/** The report as one line for programs: figures by level, and every result. */
export function reportLine(name: string, report: Report): object {
  const figures: Record<string, { value: number; unit: string; limit?: number }> = {};
  for (const [level, { passed, failed, skipped }] of Object.entries(countByLevel(report))) {
    figures[`${level}_passed`] = { value: passed, unit: 'claims' };
    figures[`${level}_failed`] = {
      value: failed,
      unit: 'claims',
      ...(level === 'must' || level === 'should' ? { limit: 0 } : {}),
    };
    figures[`${level}_skipped`] = { value: skipped, unit: 'claims' };
  }
  const { results, against, brokenOff } = report;
  return {
    name,
    ok: conforms(report),
    figures,
    versions: { node: process.version },
    against,
    ...(brokenOff === undefined ? {} : { broken_off: brokenOff }),
    results,
  };
}
