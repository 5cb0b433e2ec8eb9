// Events that an application service names (`fi.mau.event_id`): what comes twice from its network is sent once.
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answered, ghost, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const enc = encodeURIComponent;
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;
let puppet: string;
let serial = 0;

beforeAll(async () => {
  house = await registryHouse({ registrations: { irc: {}, xmpp: {} } });
  alice = await registerUser(house.base, 'alice');
  puppet = await ghost(house.base, 'as-irc', '_irc_puppet');
});
afterAll(() => house.stop());

const as = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, token = 'as-irc') =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
interface Sending {
  readonly name?: string;
  readonly txnId?: string;
  readonly user?: string;
  readonly type?: string;
  readonly content?: object;
  readonly token?: string;
}
async function send(roomId: string, sending: Sending = {}): Promise<string> {
  const { name, txnId = `t${(serial += 1)}`, user, type = 'm.room.message', content = { body: 'x' }, token } = sending;
  const query = new URLSearchParams({
    ...(name === undefined ? {} : { 'fi.mau.event_id': name }),
    ...(user === undefined ? {} : { user_id: user }),
  });
  const path = `${v3}/rooms/${enc(roomId)}/send/${type}/${txnId}?${query.toString()}`;
  return answered(as('PUT', path, content, token), 'event_id');
}
async function room(preset = 'public_chat', token = 'as-irc'): Promise<string> {
  return String((await as('POST', `${v3}/createRoom`, { preset }, token))['room_id']);
}
async function messagesOf(roomId: string): Promise<string[]> {
  const { chunk } = await as<{ chunk: { event_id: string; type: string }[] }>(
    'GET',
    `${v3}/rooms/${enc(roomId)}/messages?dir=f&limit=1000`,
  );
  return chunk.filter(({ type }) => type === 'm.room.message').map(({ event_id: eventId }) => eventId);
}

describe('an event that its application service names', () => {
  it('is not named by who holds a narrowed token', async () => {
    const roomId = await room();
    await as('POST', `${v3}/join/${enc(roomId)}?user_id=${enc(puppet)}`, {});
    const narrowed = await as('POST', '/_pons/client/v1/appservice/token', { kinds: ['send'], ghosts: [puppet] });
    const token = String(narrowed['token']);
    const taken = await send(roomId, { name: 'guessed', user: puppet, token });
    expect(await send(roomId, { name: 'guessed', user: puppet })).not.toBe(taken);
    expect(await messagesOf(roomId)).toHaveLength(2);
  });

  it('is sent once: the same name again answers the first id', async () => {
    const roomId = await room();
    const first = await send(roomId, { name: '$remote1:example.net' });
    expect(first).toMatch(/^\$[\w-]{43}$/);
    expect(await send(roomId, { name: '$remote1:example.net', content: { body: 'other' } })).toBe(first);
    const second = await send(roomId, { name: 'remote 2, of any form' });
    expect(second).not.toBe(first);
    await house.restart();
    expect(await send(roomId, { name: '$remote1:example.net' })).toBe(first);
    expect(await send(roomId, { name: 'remote 2, of any form' })).toBe(second);
    expect(await messagesOf(roomId)).toEqual([first, second]);
  });

  it('is sent once by whichever of its ghosts', async () => {
    const roomId = await room();
    await as('POST', `${v3}/join/${enc(roomId)}?user_id=${enc(puppet)}`, {});
    const first = await send(roomId, { name: '$shared:x', user: puppet });
    expect(await send(roomId, { name: '$shared:x' })).toBe(first);
  });

  it('is sent once when it comes many times at once, and what is sent beside it is sent', async () => {
    const roomId = await room();
    const ids = await Promise.all([
      ...Array.from({ length: 10 }, () => send(roomId, { name: '$race:x' })),
      ...Array.from({ length: 5 }, () => send(roomId)),
    ]);
    const raced = new Set(ids.slice(0, 10));
    expect(raced.size).toBe(1);
    expect((await messagesOf(roomId)).toSorted()).toEqual([...raced, ...ids.slice(10)].toSorted());
  });

  it('is sent once by several processes at once', async () => {
    const other = await registryHouse({ beside: house });
    try {
      const roomId = await room();
      const there = (name: string) =>
        answered(
          request(other.base, 'PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/${(serial += 1)}?${name}`, {
            token: 'as-irc',
            body: { body: 'x' },
          }),
          'event_id',
        );
      for (let round = 0; round < 5; round += 1) {
        const name = `$round${round}:x`;
        const query = new URLSearchParams({ 'fi.mau.event_id': name }).toString();
        const ids = await Promise.all([there(query), send(roomId, { name }), there(query), send(roomId, { name })]);
        expect(ids[0]).toMatch(/^\$/);
        expect(new Set(ids).size).toBe(1);
      }
      expect(await messagesOf(roomId)).toHaveLength(5);
    } finally {
      await other.stop();
    }
  });

  it('has that name in its room and of its application service only', async () => {
    const [one, other] = [await room(), await room()];
    await as('POST', `${v3}/join/${enc(one)}`, {}, 'as-xmpp');
    const ids = [
      await send(one, { name: '$same:x' }),
      await send(other, { name: '$same:x' }),
      await send(one, { name: '$same:x', token: 'as-xmpp' }),
    ];
    expect(new Set(ids).size).toBe(3);
  });

  it('can be related to, redacted and imported by its name', async () => {
    const roomId = await room();
    const first = await send(roomId, { name: '$mine:x' });
    const relation = { rel_type: 'm.annotation', event_id: '$mine:x', key: '👍' };
    const reaction = await send(roomId, { type: 'm.reaction', content: { 'm.relates_to': relation } });
    const event = await as('GET', `${v3}/rooms/${enc(roomId)}/event/${enc(reaction)}`);
    expect(event).toMatchObject({ content: { 'm.relates_to': { event_id: first } } });
    const path = `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(roomId)}/batch_send`;
    const imported = { type: 'm.room.message', sender: '@_irc_bot:localhost', content: {}, origin_server_ts: 1 };
    const batch = { forward: true, events: [{ ...imported, event_id: '$mine:x', sender: '@_irc_bot:localhost' }] };
    expect(await as('POST', path, batch)).toEqual({ event_ids: [first] });
    const redaction = { type: 'm.room.redaction', content: { redacts: '$mine:x' }, name: '$gone:x' };
    const redacted = await send(roomId, redaction);
    expect(await send(roomId, redaction)).toBe(redacted);
    expect(await as('GET', `${v3}/rooms/${enc(roomId)}/event/${enc(first)}`)).toMatchObject({ content: {} });
  });

  it('keeps the promise of its transaction id as well', async () => {
    const roomId = await room();
    const first = await send(roomId, { name: '$a:x', txnId: 'once' });
    expect(await send(roomId, { name: '$b:x', txnId: 'once' })).toBe(first);
    expect(await messagesOf(roomId)).toEqual([first]);
  });

  it('leaves its name free when it is refused', async () => {
    const roomId = await room('private_chat', alice.token);
    expect(await send(roomId, { name: '$later:x' })).toBe('403 M_FORBIDDEN');
    await as('POST', `${v3}/rooms/${enc(roomId)}/invite`, { user_id: '@_irc_bot:localhost' }, alice.token);
    await as('POST', `${v3}/join/${enc(roomId)}`, {});
    expect(await send(roomId, { name: '$later:x' })).toMatch(/^\$/);
  });

  it.each([
    ['none', ''],
    ['too long', 'x'.repeat(256)],
  ])('is refused by a name that is %s', async (_, name) => {
    expect(await send(await room(), { name })).toBe('400 M_INVALID_PARAM');
  });

  it('is refused by two names', async () => {
    const path = `${v3}/rooms/${enc(await room())}/send/m.room.message/two?fi.mau.event_id=a&fi.mau.event_id=b`;
    expect(await answered(as('PUT', path, {}))).toBe('400 M_INVALID_PARAM');
  });

  it('is no thing of people', async () => {
    const roomId = await room('private_chat', alice.token);
    const sending = { name: '$mine:x', token: alice.token };
    expect(await send(roomId, sending)).not.toBe(await send(roomId, sending));
  });
});
