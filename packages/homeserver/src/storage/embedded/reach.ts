// The embedded PostgreSQL for a short visit (dump, check): started when nothing runs, else that of the Pons process that has the folder,
// by its socket. Who may read the folder may do that: they are its owner or root.
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { DataFolderInUse } from './embedded-error.ts';
import { type Embedded, type EmbeddedOptions, startEmbedded } from './supervise.ts';

/** @throws EmbeddedDatabaseError as startEmbedded does; DataFolderInUse only when the process that has it cannot be visited */
export async function reachEmbedded(options: EmbeddedOptions): Promise<Pick<Embedded, 'connection' | 'stop'>> {
  try {
    return await startEmbedded(options);
  } catch (error) {
    const host = error instanceof DataFolderInUse ? socketOf(options.dataDir) : undefined;
    if (host === undefined) throw error;
    return { connection: { host, port: 5432, user: 'pons', database: 'pons' }, stop: () => Promise.resolve() };
  }
}

/** PostgreSQL writes the folder of its socket into the fifth line of its pid file. */
function socketOf(dataDir: string): string | undefined {
  try {
    const pidFile = path.join(realpathSync(dataDir), 'postgres/cluster/postmaster.pid');
    return readFileSync(pidFile, 'utf8').split('\n')[4] || undefined;
  } catch {
    return undefined; // not started yet, or not ours to read
  }
}
