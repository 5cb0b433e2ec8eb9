// `pons room` as an operator meets it, against a running server: listing, purging history, deleting.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { registerUser, request } from '@pons/testkit/requests';
import { type Served, serve, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-room-'));
const v3 = '/_matrix/client/v3';
let server: Served;
let token = '';
beforeAll(async () => {
  server = await serve({ dir: folder, config: testConfig({ admin: { users: ['@root:localhost'] } }) });
  ({ token } = await registerUser(server.url, 'root'));
});
afterAll(async () => {
  await server.end();
  rmSync(folder, { recursive: true, force: true });
});

function pons(...words: string[]): Promise<{ code: number | null; out: string; errors: string }> {
  const child = spawn(process.execPath, [main, 'room', ...words, '--server', server.url], {
    env: { ...process.env, PONS_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  return new Promise((done) => child.on('close', (code) => done({ code, out, errors })));
}

test('rooms are listed, their history is purged, and an inhabited one is deleted only when its members may be taken out', async () => {
  const call = <T>(method: string, path: string, body?: object) =>
    request<T>(server.url, method, `${v3}${path}`, { token, ...(body === undefined ? {} : { body }) });
  const { room_id: roomId } = await call<{ room_id: string }>('POST', '/createRoom', {});
  const say = (body: string) =>
    call<{ event_id: string }>('PUT', `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${body}`, {
      msgtype: 'm.text',
      body,
    });
  const [old, kept] = [await say('old'), await say('kept')];
  const listed = await pons('list');
  expect(listed).toMatchObject({ code: 0, errors: '' });
  expect(listed.out).toContain(roomId);
  expect((await pons('list', '--empty')).out).toBe('in every room of this server there is somebody of it\n');
  expect((await pons('list', '--limit', '0')).errors).toContain('Write a whole number, 1 or more.');

  expect(await pons('purge', roomId, '--before', kept.event_id)).toMatchObject({
    code: 2,
    errors: 'it cannot be undone: pass --yes\n',
  });
  expect(await pons('purge', roomId, '--yes')).toMatchObject({ code: 2 });
  expect(await pons('purge', roomId, '--before', kept.event_id, '--yes')).toMatchObject({ code: 0 });
  const event = (id: string) =>
    call('GET', `/rooms/${encodeURIComponent(roomId)}/event/${encodeURIComponent(id)}`).then(
      () => 'there',
      (error: Error) => error.message,
    );
  await expect.poll(() => event(old.event_id), { timeout: 60_000 }).toContain('M_NOT_FOUND');
  expect(await event(kept.event_id)).toBe('there');

  const refused = await pons('delete', roomId, '--yes');
  expect([refused.code, refused.errors]).toEqual([
    2,
    expect.stringMatching(/: Users of this server are in the room, .* or pass --remove-members\.\n$/),
  ]);
  expect(await pons('delete', roomId, '--yes', '--remove-members')).toMatchObject({ code: 0 });
  expect((await pons('list', '--json')).out).toBe('{"rooms":[]}\n');
  expect(await call('GET', '/joined_rooms')).toEqual({ joined_rooms: [] });
  await expect(say('into nothing')).rejects.toThrow(/M_FORBIDDEN|M_NOT_FOUND/);
});
