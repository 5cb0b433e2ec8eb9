// The conformance kit against this homeserver, Synapse and Dendrite, one after another on this machine, and the table of all of them as
// docs/bridging/conformance.md:
//   node scripts/conformance/appservice-peers.ts [--only NAME]… [--synapse VENV] [--results DIR]
// VENV is a Python environment with matrix-synapse; without it one is made in a temporary folder. Dendrite is cloned and built where Go, git
// and a C compiler are there; the variable DENDRITE may name a checkout, or a repository, to take instead. What is not to be had is said
// and left out. Results are kept in DIR as JSON: a run with --only takes those of the others from there.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Missing } from '../real-parts/part.ts';
import { conformanceDocument, type Measured } from './appservice-document.ts';
import { measureDendrite } from './peers/dendrite.ts';
import { measurePons } from './peers/pons.ts';
import { measureSynapse } from './peers/synapse.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    synapse: { type: 'string' },
    results: { type: 'string', default: path.join(tmpdir(), 'appservice-peers') },
  },
});
const peers: Readonly<Record<string, () => Promise<Measured>>> = {
  pons: measurePons,
  synapse: () => measureSynapse(options.synapse),
  dendrite: measureDendrite,
};

/** What was not to be had, and why. */
const skipped: string[] = [];

/** Measures, or reads what was measured before; undefined where neither is to be had. */
async function resultsOf(name: string, measure: () => Promise<Measured>): Promise<Measured | undefined> {
  const file = path.join(options.results, `${name}.json`);
  if (options.only.length > 0 && !options.only.includes(name))
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Measured) : undefined;
  try {
    const one = await measure();
    console.log(`${one.name} ${one.version} on ${one.setUp}`);
    writeFileSync(file, JSON.stringify(one));
    return one;
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    console.error(`${name} is skipped: ${error.message}`);
    skipped.push(`${name} is not here: ${error.message}`);
    return undefined;
  }
}

const unknown = options.only.filter((name) => peers[name] === undefined);
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: give ${Object.keys(peers).join(', ')} to --only`);
  process.exit(2);
}
mkdirSync(options.results, { recursive: true });
const servers: Measured[] = [];
for (const [name, measure] of Object.entries(peers)) {
  const one = await resultsOf(name, measure);
  if (one !== undefined) servers.push(one);
}
if (servers.length > 0)
  writeFileSync(path.join(root, 'docs/bridging/conformance.md'), conformanceDocument(servers, skipped));
process.exit(servers.length > 0 ? 0 : 1);
