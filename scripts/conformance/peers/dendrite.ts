// Dendrite, built from its public repository at a pinned commit, on PostgreSQL as it is meant to run: the server that TEST_DATABASE_URL
// names, or the embedded one. Its program is built and run here, nothing of it is part of this project.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readRegistrations, roleNames, runConformance, writeRegistrations } from '@pons/appservice-conformance';
import { statement } from '../../../packages/homeserver/src/storage/database.ts';
import { testDatabase } from '@pons/testkit/database';
import { freePorts } from '@pons/testkit/free-ports';
import { type GoSource, goProgram } from '../../real-parts/go-program.ts';
import { printed } from '../../real-parts/program.ts';
import type { Measured } from '../appservice-document.ts';
import { measured, messageLimit, onResult, PeerProcess } from './peer.ts';

const source: GoSource = {
  name: 'dendrite',
  repository: 'https://github.com/element-hq/dendrite',
  commit: '08cac1ccf0a45471132ad24a29e3ec15643675fa',
  variable: 'DENDRITE',
  command: './cmd/dendrite',
};

function configuration(dir: string, database: string, registrations: readonly string[]): object {
  const below = (name: string) => path.join(dir, name);
  return {
    version: 2,
    global: {
      server_name: 'localhost',
      private_key: below('matrix_key.pem'),
      database: { connection_string: `${database}&sslmode=disable`, max_open_conns: 40, max_idle_conns: 5 },
      disable_federation: true,
      jetstream: { storage_path: dir },
    },
    app_service_api: { config_files: registrations },
    client_api: {
      registration_disabled: false,
      registration_shared_secret: 'shared',
      // It counts requests of every kind: so many at once, each forgotten after this time.
      rate_limiting: {
        enabled: true,
        threshold: messageLimit.burst,
        cooloff_ms: (messageLimit.burst / messageLimit.perSecond) * 1000,
      },
    },
    media_api: { base_path: below('media') },
    user_api: { bcrypt_cost: 4 },
    logging: [{ type: 'file', level: 'warn', params: { path: below('logs') } }],
  };
}

const withoutOurTables = [
  statement('peers.drop_schema', 'drop schema public cascade'),
  statement('peers.create_schema', 'create schema public'),
];

/** Measures it. @throws Missing when it cannot be built here */
export async function measureDendrite(): Promise<Measured> {
  const dir = mkdtempSync(path.join(tmpdir(), 'peers-dendrite-'));
  try {
    const { binary, folder, versions } = await goProgram(dir, source);
    await printed('go', ['run', '-p', '1', './cmd/generate-keys', '-private-key', path.join(dir, 'matrix_key.pem')], {
      cwd: folder,
    });
    const database = await testDatabase();
    try {
      for (const one of withoutOurTables) await database.db.query(one);
      return await measureAt({ dir, binary, version: versions['dendrite'] ?? '', database: database.url });
    } finally {
      await database.drop();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureAt(at: { dir: string; binary: string; version: string; database: string }): Promise<Measured> {
  const { dir, binary, version, database } = at;
  const [port = 0, ...ports] = await freePorts(1 + roleNames.length);
  const registrations = path.join(dir, 'registrations');
  const files = writeRegistrations({ dir: registrations, host: '127.0.0.1', ports });
  const config = path.join(dir, 'dendrite.yaml');
  writeFileSync(config, JSON.stringify(configuration(dir, database, files)));
  const address = `127.0.0.1:${port}`;
  const args = ['-config', config, '-http-bind-address', address, '-really-enable-open-registration'];
  const server = new PeerProcess(`http://${address}`, { command: binary, args, cwd: dir });
  try {
    await server.start();
    const report = await runConformance({
      url: `http://${address}`,
      registrations: readRegistrations(registrations),
      sharedSecret: 'shared',
      cleanUp: false,
      onResult,
      restart: () => server.killAndStart(),
    });
    return measured({ name: 'Dendrite', version, setUp: 'PostgreSQL' }, report);
  } finally {
    await server.kill();
  }
}
