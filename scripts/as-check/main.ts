// pnpm as-check NAME | --all [--full] [--json]: shows by counts what this homeserver promises to application services. Each check starts a
// homeserver process and scripted services, prints its figures, and fails when one is over its limit. --full takes the large numbers.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { type Check, type Figures, keeps } from './check.ts';
import { checks } from './checks.ts';
import { Stage } from './stage.ts';

const usage = 'as-check NAME… | --all [--full] [--json]; as-check --list';
const { values: options, positionals } = readOptions();
if (options.help) {
  console.log(usage);
  process.exit();
}
const { version } = createRequire(import.meta.url)('../../packages/pons/package.json') as { version: string };
const log = (text: string) => (options.json ? console.error(text) : console.log(text));

function readOptions() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    process.exit(2);
  }
}

async function run(name: string, check: Check): Promise<boolean> {
  log(`${name}: ${check.claim}`);
  const stage = new Stage();
  const startMs = performance.now();
  let figures: Figures = {};
  let reason: string | undefined;
  try {
    figures = await check.run(stage, { full: options.full });
  } catch (error) {
    // A check that breaks off has failed: its reason is its result, and the others go on.
    reason = error instanceof Error ? error.message : String(error);
    if (stage.log() !== '') log(stage.log().split('\n').slice(-5).join('\n'));
  } finally {
    await stage.close();
  }
  const ok = reason === undefined && Object.values(figures).every(keeps);
  for (const [key, figure] of Object.entries(figures)) {
    const { value, unit, limit, least } = figure;
    const bounds = [
      limit === undefined ? [] : `at most ${limit}`,
      least === undefined ? [] : `at least ${least}`,
    ].flat();
    const gate = limit !== undefined && limit === least ? `must be ${limit}` : bounds.join(', ');
    log(`  ${keeps(figure) ? ' ' : '!'} ${key.padEnd(28)} ${value} ${unit}${gate === '' ? '' : ` (${gate})`}`);
  }
  log(
    `  ${ok ? 'ok' : `FAILED${reason === undefined ? '' : `: ${reason}`}`} in ${Math.round((performance.now() - startMs) / 100) / 10} s`,
  );
  if (options.json) {
    const versions = { pons: version, node: process.version };
    console.log(JSON.stringify({ name, ok, figures, versions, ...(reason === undefined ? {} : { reason }) }));
  }
  return ok;
}

const names = options.all ? Object.keys(checks) : positionals;
const unknown = names.filter((name) => checks[name] === undefined);
if (options.list)
  console.log(
    Object.entries(checks)
      .map(([name, { claim }]) => `${name.padEnd(16)} ${claim}`)
      .join('\n'),
  );
else if (names.length === 0 || unknown.length > 0) {
  console.error(
    `${unknown.length > 0 ? `no such check: ${unknown.join(', ')}; ` : ''}name one of ${Object.keys(checks).join(', ')}, or --all`,
  );
  process.exitCode = 2;
}
if (unknown.length === 0 && !options.list) {
  const failed: string[] = [];
  for (const name of names) if (!(await run(name, checks[name]!))) failed.push(name);
  if (failed.length > 0) {
    log(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}
