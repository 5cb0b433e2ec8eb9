// Calls between processes over a channel that drops what is too long for NOTIFY, with a clock whose hands the test turns.
import { validateRegistration } from '@pons/registration';
import { fakeClock } from '@pons/testkit/clock';
import { describe, expect, it } from 'vitest';
import { createRegistry, toAppservice } from '../appservices/registry.ts';
import type { AppserviceAnswer, AppserviceRequest } from './call-appservice.ts';
import { createForwarding } from './websocket-forwarding.ts';

const validation = validateRegistration({
  id: 'irc',
  url: null,
  as_token: 'as',
  hs_token: 'hs',
  sender_localpart: 'bot',
  namespaces: {},
});
if (validation.outcome === 'refused') throw new Error('the registration is refused');
const appservice = toAppservice(validation.registration, 'example.org', { file: 'irc' });

/** Two processes, of which the second holds the websocket and answers as told. */
async function two(answer: (request: AppserviceRequest, hsToken: string) => Promise<AppserviceAnswer>) {
  const clock = fakeClock();
  const registry = createRegistry('example.org');
  registry.replace([appservice]);
  const listeners = new Set<(payload: string) => void>();
  const channel = {
    tell(payload: string) {
      if (Buffer.byteLength(payload) >= 8_000) throw new Error('payload string too long');
      for (const listener of listeners) listener(payload);
    },
    listen: async (heard: (payload: string) => void) => {
      listeners.add(heard);
      return async () => {
        listeners.delete(heard);
      };
    },
  };
  const [asks, holds] = ['asks', 'holds'].map((processId) =>
    createForwarding({
      channel,
      processId,
      clock,
      registry,
      here: { connected: () => processId === 'holds', call: answer },
      isElsewhere: () => processId === 'asks',
    }),
  );
  if (asks === undefined || holds === undefined) throw new Error('unreachable');
  await asks.start();
  await holds.start();
  const call = (more: Partial<AppserviceRequest> = {}, token = 'hs') =>
    asks.call({ appservice, method: 'GET', path: '/_matrix/app/v1/users/a', timeoutMs: 5_000, ...more }, token);
  return { clock, asks, holds, call };
}

describe('a call to an application service that is connected to another process', () => {
  it('is made there, and its answer comes back whole, whatever its size', async () => {
    const body = Buffer.from(JSON.stringify({ text: 'ü'.repeat(200_000) }));
    const made: [AppserviceRequest, string][] = [];
    const { call, asks } = await two(async (request, token) => {
      made.push([request, token]);
      return { outcome: 'answered', status: 200, body };
    });
    expect(asks.connected('irc')).toBe(true);
    expect(await call({ method: 'POST', body: Buffer.from('{"a":"ü"}') })).toEqual({
      outcome: 'answered',
      status: 200,
      body,
    });
    expect(made[0]?.[0]).toMatchObject({ appservice, method: 'POST', body: Buffer.from('{"a":"ü"}') });
    expect(await call({ statusOnly: true })).toEqual({ outcome: 'answered', status: 200, body: Buffer.alloc(0) });
    await call({}, 'the old one');
    expect(made.map(([, token]) => token)).toEqual(['hs', 'hs', 'hs']);
  });

  it('fails as it fails there', async () => {
    const { call } = await two(async () => ({ outcome: 'failed', reason: 'connection', message: 'closed' }));
    expect(await call()).toEqual({ outcome: 'failed', reason: 'connection', message: 'closed' });
  });

  it('ends in time when no answer comes, and with this process', async () => {
    const { call, clock, holds, asks } = await two(async () => ({ outcome: 'failed', reason: 'timeout', message: '' }));
    await holds.stop();
    const silent = call();
    await clock.advance(5_000);
    expect(await silent).toMatchObject({ outcome: 'failed', reason: 'timeout' });
    const stopped = call();
    await asks.stop();
    expect(await stopped).toMatchObject({ outcome: 'failed', reason: 'connection' });
    expect(clock.pending).toBe(0);
  });

  it('is refused where it is too large to be passed on, and where too many wait', async () => {
    const { call, holds, asks } = await two(async () => ({ outcome: 'failed', reason: 'timeout', message: '' }));
    expect(await call({ method: 'POST', body: Buffer.from('x'.repeat(8_000)) })).toMatchObject({
      reason: 'connection',
    });
    await holds.stop();
    const waiting = Array.from({ length: 1_000 }, () => call());
    expect(await call()).toMatchObject({ outcome: 'failed', reason: 'connection' });
    await asks.stop();
    await Promise.all(waiting);
  });
});
