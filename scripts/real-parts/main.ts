// pnpm real-parts NAME… | --all [--json] [--logs] | --list: programs that others wrote, unchanged, with this homeserver. Prints versions and counts;
// what is not to be had on this machine is skipped with the reason, and is not among what passed. --logs shows what
// the programs wrote last, as a part does that breaks off.
import { parseArgs } from 'node:util';
import { type Figures, keeps } from '../as-check/check.ts';
import { Missing, type Part } from './part.ts';
import { parts } from './parts.ts';
import { Site, versionOf } from './site.ts';

type Outcome = 'passed' | 'failed' | 'skipped';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    logs: { type: 'boolean', default: false },
  },
});
const log = (text: string) => (options.json ? console.error(text) : console.log(text));
const own = { pons: versionOf('../../packages/pons/package.json'), node: process.version.slice(1) };

function print(figures: Figures): void {
  for (const [key, figure] of Object.entries(figures))
    log(`  ${keeps(figure) ? ' ' : '!'} ${key.padEnd(32)} ${figure.value} ${figure.unit}`);
}

async function run(name: string, part: Part): Promise<Outcome> {
  log(`${name}: ${part.claim}`);
  const site = new Site();
  let figures: Figures = {};
  let versions: Record<string, string> = own;
  let reason: string | undefined;
  let outcome: Outcome = 'failed';
  try {
    const shown = await part.run(site);
    figures = shown.figures;
    versions = { ...own, ...shown.versions };
    outcome = Object.values(figures).every(keeps) ? 'passed' : 'failed';
  } catch (error) {
    // A part that breaks off has failed: its reason is its result, and the others go on.
    reason = error instanceof Error ? error.message : String(error);
    outcome = error instanceof Missing ? 'skipped' : 'failed';
    if (outcome === 'failed') {
      log(JSON.stringify([...site.recorder.asked.values()].filter(({ status }) => status >= 400)));
    }
  } finally {
    if (options.logs || (outcome === 'failed' && reason !== undefined)) log(site.logs());
    await site.close();
  }
  print(figures);
  log(
    `    with ${Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', ')}`,
  );
  log(`  ${outcome}${reason === undefined ? '' : `: ${reason}`}`);
  if (options.json) {
    const why = reason === undefined ? {} : outcome === 'skipped' ? { skipped: reason } : { reason };
    console.log(JSON.stringify({ name, ok: outcome === 'passed', figures, versions, ...why }));
  }
  return outcome;
}

const names = options.all ? Object.keys(parts) : positionals;
const unknown = names.filter((name) => parts[name] === undefined);
if (options.list) {
  for (const [name, { claim }] of Object.entries(parts)) console.log(`${name.padEnd(24)} ${claim}`);
} else if (names.length === 0 || unknown.length > 0) {
  const wrong = unknown.length > 0 ? `no such part: ${unknown.join(', ')}; ` : '';
  console.error(`${wrong}name one of ${Object.keys(parts).join(', ')}, or --all`);
  process.exitCode = 2;
} else {
  const outcomes: Outcome[] = [];
  for (const name of names) outcomes.push(await run(name, parts[name]!));
  const count = (outcome: Outcome) => outcomes.filter((one) => one === outcome).length;
  log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  // What was skipped shows nothing: a run of nothing else has not passed.
  process.exit(count('failed') > 0 || count('passed') === 0 ? 1 : 0);
}
