// From where an application service may call (`pons: {allowed_addresses}`): a whole homeserver behind a proxy and on a unix socket.

import http from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RegistryHouse, registrationText, registryHouse, v3 } from './registry-house.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-addresses-'));
const unix = join(folder, 'pons.sock');
let house: RegistryHouse;
beforeAll(async () => {
  // Whoever sends no header comes from where the connection comes.
  const proxied = { bind: '127.0.0.1', port: 0, behind_proxy: true };
  house = await registryHouse({ config: { listeners: [proxied, { unix }] } });
});
afterAll(async () => {
  await house.stop();
  rmSync(folder, { recursive: true });
});

interface From {
  /** What a proxy says. */
  readonly forwarded?: string;
  readonly socketPath?: string;
}

/** Who a token acts as, or why not. */
function whoIs(token: string, { forwarded, socketPath }: From = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
    };
    const path = `${v3}/account/whoami`;
    const where = socketPath === undefined ? { port: new URL(house.base).port } : { socketPath };
    const asked = http.get({ host: '127.0.0.1', path, headers, ...where }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => {
        const { user_id, errcode, error } = JSON.parse(text) as Record<string, string>;
        resolve(user_id ?? `${response.statusCode} ${errcode} ${error}`);
      });
    });
    asked.on('error', reject);
  });
}

async function put(id: string, allowed: readonly string[] | null): Promise<string> {
  const registration = registrationText(id, { pons: { allowed_addresses: allowed } });
  await house.operate('POST', '', { registration, replace: true });
  return `as-${id}`;
}

function connect(token: string, forwarded: string): Promise<WebSocket> {
  const socket = new WebSocket(`${house.base.replace('http', 'ws')}/_matrix/client/unstable/fi.mau.as_sync`, {
    headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': forwarded },
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (_, { statusCode }) => reject(new Error(`answered ${statusCode}`)));
  });
}

describe('an as_token that is good from some addresses', () => {
  const bot = '@_irc_bot:localhost';
  const refusal = /^403 M_FORBIDDEN irc may not call from \S+: pons\.allowed_addresses in its registration/;

  it('is refused from elsewhere, with the address that was seen', async () => {
    const token = await put('irc', ['10.1.0.0/16', '2001:db8::/32']);
    expect(await whoIs(token, { forwarded: '10.1.2.3' })).toBe(bot);
    expect(await whoIs(token, { forwarded: '203.0.113.9, 2001:db8::7' })).toBe(bot);
    expect(await whoIs(token, { forwarded: '10.1.2.3, 203.0.113.9' })).toMatch(refusal);
    expect(await whoIs(token)).toContain('from 127.0.0.1:');
    expect(await whoIs(token, { socketPath: unix })).toContain('from unix:');
    expect(await whoIs(token, { forwarded: 'unix' })).toContain('from unknown:');
  });

  it('is good over a unix socket where the list says so, and nobody gets there by a header', async () => {
    const token = await put('irc', ['unix']);
    expect(await whoIs(token, { socketPath: unix })).toBe(bot);
    expect(await whoIs(token)).toMatch(refusal);
    expect(await whoIs(token, { forwarded: 'unix' })).toMatch(refusal);
  });

  it('is good from elsewhere as soon as the registration says so', async () => {
    const token = await put('irc', ['10.1.0.0/16']);
    expect(await whoIs(token)).toMatch(refusal);
    await put('irc', ['10.1.0.0/16', '127.0.0.1']);
    expect(await whoIs(token)).toBe(bot);
    await put('irc', null);
    expect(await whoIs(token, { forwarded: '203.0.113.9' })).toBe(bot);
  });

  it('and what was narrowed from it are good from the same', async () => {
    const token = await put('irc', ['127.0.0.1']);
    const { token: narrowed } = await house.operate('POST', '/irc/token', { lifetime_ms: 60_000, kinds: ['read'] });
    expect(await whoIs(String(narrowed))).toBe(bot);
    expect(await whoIs(String(narrowed), { forwarded: '203.0.113.9' })).toMatch(refusal);
    expect(await whoIs(token, { forwarded: '203.0.113.9' })).toMatch(refusal);
  });

  it('opens no websocket elsewhere, and one that is open closes when its address is taken off the list', async () => {
    const token = await put('irc', ['10.1.0.0/16']);
    await expect(connect(token, '203.0.113.9')).rejects.toThrow('answered 403');
    const socket = await connect(token, '10.1.2.3');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await put('irc', ['10.2.0.0/16']);
    await closed;
    await expect(connect(token, '10.1.2.3')).rejects.toThrow('answered 403');
  });

  it('says nothing of the sessions of people', async () => {
    await put('irc', ['10.1.0.0/16']);
    const { userId, token } = await house.person('alice');
    expect(await whoIs(token, { forwarded: '203.0.113.9' })).toBe(userId);
  });
});
