// The conformance kit against this homeserver and against Synapse, one after another on this machine, and the table of both as
// docs/bridging/conformance.md:
//   node scripts/conformance/appservice-peers.ts [--synapse VENV] [--only-synapse | --only-pons] [--results DIR]
// VENV is a Python environment with matrix-synapse; without it one is made in a temporary folder. Synapse gets SQLite, every experimental
// switch for application services, and the same limits for people as ours. Results are kept in DIR as JSON: a second run of one of them
// reads the other's from there.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  type CaseResult,
  ponsInstaller,
  readRegistrations,
  type Report,
  roleNames,
  runConformance,
  writeRegistrations,
} from '@pons/appservice-conformance';
import { freePorts } from '@pons/testkit/free-ports';
import { registerUser } from '@pons/testkit/requests';
import { serve, testConfig } from '@pons/testkit/serve';
import { conformanceDocument, type Measured } from './appservice-document.ts';

const synapseVersion = '1.163.2';
const root = path.resolve(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    synapse: { type: 'string' },
    'only-synapse': { type: 'boolean', default: false },
    'only-pons': { type: 'boolean', default: false },
    results: { type: 'string', default: path.join(tmpdir(), 'appservice-peers') },
  },
});
const wide = { per_second: 10_000, burst: 100_000 };
const message = { per_second: 40, burst: 50 };
const onResult = ({ id, outcome, tookMs, reason }: CaseResult) =>
  console.log(`${outcome} ${id} ${tookMs} ms${reason === undefined ? '' : `: ${reason}`}`);

async function measurePons(): Promise<Measured> {
  const dir = mkdtempSync(path.join(tmpdir(), 'peers-pons-'));
  const [port = 0, ...ports] = await freePorts(1 + roleNames.length);
  const files = writeRegistrations({ dir, host: '127.0.0.1', ports });
  const config = testConfig({
    listeners: [{ bind: '127.0.0.1', port }],
    appservices: { files },
    admin: { users: ['@root:localhost'] },
    rate_limits: { default: wide, message, join: wide, login: wide, registration: wide, media: wide },
  });
  let server = await serve({ dir, config });
  try {
    const { token } = await registerUser(server.url, 'root');
    const report = await runConformance({
      url: server.url,
      installer: ponsInstaller(server.url, token),
      registrations: readRegistrations(dir),
      onResult,
      restart: async () => {
        await server.end('SIGKILL');
        server = await serve({ dir, config });
      },
    });
    const { version } = createRequire(import.meta.url)('../../packages/pons/package.json') as { version: string };
    return measured('Pons', version, report);
  } finally {
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

function measured(name: string, version: string, { results }: Report): Measured {
  return { name, version, date: new Date().toISOString().slice(0, 10), results };
}

/** A Python environment with matrix-synapse. */
function environment(): string {
  if (options.synapse !== undefined) return path.resolve(options.synapse);
  const venv = mkdtempSync(path.join(tmpdir(), 'peers-venv-'));
  execFileSync('python3', ['-m', 'venv', venv]);
  execFileSync(path.join(venv, 'bin/pip'), ['install', '-q', `matrix-synapse==${synapseVersion}`], {
    stdio: 'inherit',
  });
  return venv;
}

function synapseConfig(dir: string, port: number, registrations: readonly string[]): object {
  const free = { per_second: 10_000, burst_count: 100_000 };
  return {
    server_name: 'localhost',
    pid_file: path.join(dir, 'synapse.pid'),
    listeners: [
      { port, bind_addresses: ['127.0.0.1'], type: 'http', resources: [{ names: ['client'], compress: false }] },
    ],
    database: { name: 'sqlite3', args: { database: path.join(dir, 'homeserver.db') } },
    media_store_path: path.join(dir, 'media'),
    signing_key_path: path.join(dir, 'signing.key'),
    log_config: path.join(dir, 'log.yaml'),
    report_stats: false,
    trusted_key_servers: [],
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: 'shared',
    bcrypt_rounds: 4,
    app_service_config_files: registrations,
    rc_message: { per_second: message.per_second, burst_count: message.burst },
    rc_registration: free,
    rc_login: { address: free, account: free, failed_attempts: free },
    rc_joins: { local: free, remote: free },
    rc_joins_per_room: free,
    rc_invites: { per_room: free, per_user: free, per_issuer: free },
    rc_room_creation: free,
    rc_presence: { per_user: free },
    experimental_features: {
      msc2409_to_device_messages_enabled: true,
      msc3202_device_masquerading: true,
      msc3202_transaction_extensions: true,
      msc3983_appservice_otk_claims: true,
      msc3984_appservice_key_query: true,
    },
  };
}

async function measureSynapse(): Promise<Measured> {
  const python = path.join(environment(), 'bin/python');
  const version = execFileSync(python, ['-c', 'import synapse; print(synapse.__version__)'], {
    encoding: 'utf8',
  }).trim();
  const dir = mkdtempSync(path.join(tmpdir(), 'peers-synapse-'));
  const [port = 0, ...ports] = await freePorts(1 + roleNames.length);
  const registrations = path.join(dir, 'registrations');
  const files = writeRegistrations({ dir: registrations, host: '127.0.0.1', ports });
  const url = `http://127.0.0.1:${port}`;
  const config = path.join(dir, 'homeserver.yaml');
  writeFileSync(config, JSON.stringify(synapseConfig(dir, port, files)));
  const log = { version: 1, handlers: { file: { class: 'logging.FileHandler', filename: path.join(dir, 'log') } } };
  writeFileSync(path.join(dir, 'log.yaml'), JSON.stringify({ ...log, root: { level: 'WARNING', handlers: ['file'] } }));
  execFileSync(python, ['-m', 'synapse.app.homeserver', '-c', config, '--generate-keys']);
  let child: ChildProcess | undefined;
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  const start = async (): Promise<void> => {
    child = spawn(python, ['-m', 'synapse.app.homeserver', '-c', config], { cwd: dir, stdio: 'inherit' });
    await answers(url, child);
  };
  await start();
  try {
    const report = await runConformance({
      url,
      registrations: readRegistrations(registrations),
      sharedSecret: 'shared',
      onResult,
      restart: async () => {
        await stop('SIGKILL');
        await start();
      },
    });
    return measured('Synapse', version, report);
  } finally {
    await stop('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

const startTries = 600;

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < startTries; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} at its start`);
    const answer = await fetch(`${url}/_matrix/client/versions`).catch(() => undefined); // not yet
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** Measures, or reads what was measured before. */
async function results(name: string, again: boolean, measure: () => Promise<Measured>): Promise<Measured> {
  mkdirSync(options.results, { recursive: true });
  const file = path.join(options.results, `${name}.json`);
  if (!again && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Measured;
  const one = await measure();
  writeFileSync(file, JSON.stringify(one));
  return one;
}

const pons = await results('pons', !options['only-synapse'], measurePons);
const synapse = await results('synapse', !options['only-pons'], measureSynapse);
writeFileSync(path.join(root, 'docs/bridging/conformance.md'), conformanceDocument([pons, synapse]));
process.exit(0);
