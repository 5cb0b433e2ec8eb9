// vitest's globalSetup: owns the one database server of the run and answers the workers, one line of JSON each way over a socket.
// The server starts with the first request, so that a run without databases costs nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { clonedDatabases } from '../../homeserver/src/storage/cloned-databases.ts';

export default async function setup(): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-run-'));
  const server = clonedDatabases(process.env['TEST_DATABASE_URL']);
  const door = net.createServer((socket) => {
    socket.on('error', () => {}); // a worker that was ended; its databases are dropped at the end
    createInterface({ input: socket }).on('line', (line) => {
      const { drop } = JSON.parse(line) as { drop?: string };
      const answer = drop === undefined ? server.create() : server.drop(drop).then(() => '');
      answer.then(
        (url) => socket.end(`${JSON.stringify({ url })}\n`),
        (error: unknown) => socket.end(`${JSON.stringify({ error: String(error) })}\n`),
      );
    });
  });
  const file = path.join(folder, 'socket');
  await new Promise<void>((resolve) => door.listen(file, resolve));
  process.env['PONS_TEST_DATABASES'] = file;
  return async () => {
    door.close();
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  };
}
