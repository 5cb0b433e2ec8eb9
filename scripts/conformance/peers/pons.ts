// This homeserver, as `pons serve` starts it, on its embedded PostgreSQL.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ponsInstaller,
  readRegistrations,
  roleNames,
  runConformance,
  writeRegistrations,
} from '@pons/appservice-conformance';
import { freePorts } from '@pons/testkit/free-ports';
import { registerUser } from '@pons/testkit/requests';
import { serve, testConfig } from '@pons/testkit/serve';
import type { Measured } from '../appservice-document.ts';
import { measured, messageLimit, onResult } from './peer.ts';

const wide = { per_second: 10_000, burst: 100_000 };
const message = { per_second: messageLimit.perSecond, burst: messageLimit.burst };

/** Measures it. */
export async function measurePons(): Promise<Measured> {
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
      cleanUp: false,
      onResult,
      restart: async () => {
        await server.end('SIGKILL');
        server = await serve({ dir, config });
      },
    });
    const { version } = createRequire(import.meta.url)('../../../packages/pons/package.json') as { version: string };
    return measured({ name: 'Pons', version, setUp: 'its embedded PostgreSQL' }, report);
  } finally {
    await server.end();
    rmSync(dir, { recursive: true, force: true });
  }
}
