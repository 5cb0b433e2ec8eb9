// Synapse (PyPI matrix-synapse), on SQLite, with every experimental switch for application services on.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readRegistrations, roleNames, runConformance, writeRegistrations } from '@pons/appservice-conformance';
import { freePorts } from '@pons/testkit/free-ports';
import { Missing } from '../../real-parts/part.ts';
import type { Measured } from '../appservice-document.ts';
import { measured, messageLimit, onResult, PeerProcess } from './peer.ts';

const pinned = '1.163.2';

/** A Python environment with matrix-synapse: the one that is given, or a new one. @throws Missing */
function environment(given: string | undefined): string {
  if (given !== undefined) return path.resolve(given);
  const venv = mkdtempSync(path.join(tmpdir(), 'peers-venv-'));
  try {
    execFileSync('python3', ['-m', 'venv', venv]);
    execFileSync(path.join(venv, 'bin/pip'), ['install', '-q', `matrix-synapse==${pinned}`], { stdio: 'inherit' });
  } catch (error) {
    throw new Missing(`matrix-synapse ${pinned} cannot be installed: ${(error as Error).message.split('\n')[0]}`);
  }
  return venv;
}

function configuration(dir: string, port: number, registrations: readonly string[]): object {
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
    rc_message: { per_second: messageLimit.perSecond, burst_count: messageLimit.burst },
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

/** Measures it. @param venv  a Python environment that has it; without one it is installed @throws Missing */
export async function measureSynapse(venv: string | undefined): Promise<Measured> {
  const python = path.join(environment(venv), 'bin/python');
  const version = execFileSync(python, ['-c', 'import synapse; print(synapse.__version__)'], {
    encoding: 'utf8',
  }).trim();
  const dir = mkdtempSync(path.join(tmpdir(), 'peers-synapse-'));
  const [port = 0, ...ports] = await freePorts(1 + roleNames.length);
  const registrations = path.join(dir, 'registrations');
  const files = writeRegistrations({ dir: registrations, host: '127.0.0.1', ports });
  const url = `http://127.0.0.1:${port}`;
  const config = path.join(dir, 'homeserver.yaml');
  writeFileSync(config, JSON.stringify(configuration(dir, port, files)));
  const log = { version: 1, handlers: { file: { class: 'logging.FileHandler', filename: path.join(dir, 'log') } } };
  writeFileSync(path.join(dir, 'log.yaml'), JSON.stringify({ ...log, root: { level: 'WARNING', handlers: ['file'] } }));
  const args = ['-m', 'synapse.app.homeserver', '-c', config];
  execFileSync(python, [...args, '--generate-keys']);
  const server = new PeerProcess(url, { command: python, args, cwd: dir });
  try {
    await server.start();
    const report = await runConformance({
      url,
      registrations: readRegistrations(registrations),
      sharedSecret: 'shared',
      cleanUp: false,
      onResult,
      restart: () => server.killAndStart(),
    });
    const setUp = 'SQLite, and every experimental switch for application services';
    return measured({ name: 'Synapse', version, setUp }, report);
  } finally {
    await server.kill();
    rmSync(dir, { recursive: true, force: true });
  }
}
