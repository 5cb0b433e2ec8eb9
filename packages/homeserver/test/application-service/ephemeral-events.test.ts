// `com.beeper.ephemeral` over HTTP: who may send what passes, who sees it, and for how long.
// https://github.com/matrix-org/matrix-spec-proposals/pull/2477
import { AppserviceDouble } from '@pons/testkit/appservice';
import { request, RequestError } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ephemeralEventLifetimeMs, ephemeralEventsPerRoomMax } from '../../src/ephemeral/ephemeral-events.ts';
import { checkDatabase } from '../../src/storage/check.ts';
import { ghost as registerAs, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const irc = new AppserviceDouble();
const enc = encodeURIComponent;
const anna = '@_irc_anna:localhost';
let house: RegistryHouse;
let alice: { userId: string; token: string };
let txn = 0;

beforeAll(async () => {
  const registrations = { irc: { url: await irc.listen(), receive_ephemeral: true }, other: {} };
  house = await registryHouse({ registrations });
  alice = await house.person('alice');
  for (const name of ['anna', 'bert']) await registerAs(house.base, 'as-irc', `_irc_${name}`);
});
afterAll(async () => {
  await house.stop();
  await irc.close();
});

interface Sending {
  readonly type?: string;
  readonly token?: string;
  readonly user?: string;
  readonly txnId?: string;
  readonly ts?: number | string;
  readonly content?: unknown;
}
function send(roomId: string, sending: Sending = {}) {
  const { type = 'org.example.progress', token = 'as-irc', user, txnId = `t${(txn += 1)}`, ts } = sending;
  const query = new URLSearchParams({
    ...(user === undefined ? {} : { user_id: user }),
    ...(ts === undefined ? {} : { ts: String(ts) }),
  });
  const path = `/_matrix/client/unstable/com.beeper.ephemeral/rooms/${enc(roomId)}/ephemeral/${enc(type)}/${enc(txnId)}`;
  return request(house.base, 'PUT', `${path}?${query.toString()}`, { token, body: sending.content ?? { percent: 1 } });
}
async function refusal(asking: Promise<unknown>): Promise<string> {
  const error = await asking.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof RequestError ? `${error.status} ${error.errcode}` : `no refusal: ${String(error)}`;
}

/** A public room of alice's with the ghost anna in it. */
async function room(more: object = {}): Promise<string> {
  const { room_id: roomId } = await request<{ room_id: string }>(house.base, 'POST', `${v3}/createRoom`, {
    token: alice.token,
    body: { preset: 'public_chat', ...more },
  });
  await join(roomId, 'as-irc', anna);
  return roomId;
}
const join = (roomId: string, token: string, user?: string) =>
  request(house.base, 'POST', `${v3}/join/${enc(roomId)}${user === undefined ? '' : `?user_id=${enc(user)}`}`, {
    token,
    body: {},
  });

interface Shown {
  readonly type: string;
  readonly content: { readonly percent?: number };
}
interface SyncAnswer {
  readonly next_batch: string;
  readonly rooms?: { readonly join?: Record<string, { readonly ephemeral: { readonly events: readonly Shown[] } }> };
}
async function sync(roomId: string, since?: string, token = alice.token) {
  const query = since === undefined ? '' : `?since=${since}`;
  const answer = await request<SyncAnswer>(house.base, 'GET', `${v3}/sync${query}`, { token });
  return { since: answer.next_batch, events: answer.rooms?.join?.[roomId]?.ephemeral.events ?? [] };
}
const percents = ({ events }: { readonly events: readonly Shown[] }) => events.map(({ content }) => content.percent);

it('com.beeper.ephemeral is announced', async () => {
  const { unstable_features: features } = await request<{ unstable_features: object }>(
    house.base,
    'GET',
    '/_matrix/client/versions',
  );
  expect(features).toMatchObject({ 'com.beeper.ephemeral': true });
});

describe('an ephemeral event', () => {
  it('of a ghost is shown in /sync at the time that its service says, and sent to who listens in the room', async () => {
    const roomId = await room();
    const before = await sync(roomId);
    expect(await send(roomId, { user: anna, ts: 1_234, content: { percent: 7 } })).toEqual({});
    const after = await sync(roomId, before.since);
    const shown = {
      type: 'org.example.progress',
      sender: anna,
      room_id: roomId,
      origin_server_ts: 1_234,
      content: { percent: 7 },
    };
    expect(after.events).toEqual([shown]);
    expect((await sync(roomId, after.since)).events).toEqual([]);
    await expect
      .poll(() =>
        irc.transactions.flatMap(({ body }) => (JSON.parse(body) as { ephemeral?: unknown[] }).ephemeral ?? []),
      )
      .toContainEqual(shown);
  });

  it('wakes a /sync that waits, and is no event of the room', async () => {
    const roomId = await room();
    const { since } = await sync(roomId);
    const waiting = request<SyncAnswer>(house.base, 'GET', `${v3}/sync?since=${since}&timeout=30000`, alice);
    await send(roomId, { user: anna });
    expect((await waiting).rooms?.join?.[roomId]).toMatchObject({
      timeline: { events: [] },
      ephemeral: { events: [{ sender: anna }] },
    });
  });

  it('of the same transaction is one, of each user and device; of people too, whose ts is of no account', async () => {
    const roomId = await room();
    await join(roomId, 'as-irc', '@_irc_bert:localhost');
    const { since } = await sync(roomId);
    for (const percent of [1, 2]) await send(roomId, { user: anna, txnId: 'same', content: { percent } });
    await send(roomId, { user: '@_irc_bert:localhost', txnId: 'same', content: { percent: 3 } });
    await send(roomId, { token: alice.token, txnId: 'same', ts: 5, content: { percent: 4 } });
    const { events } = await sync(roomId, since);
    expect(percents({ events })).toEqual([1, 3, 4]);
    expect((events[2] as unknown as { origin_server_ts: number }).origin_server_ts).toBeGreaterThan(5);
  });

  it('is shown for two minutes, with the memory of its transaction; then both are gone', async () => {
    const roomId = await room();
    const { since } = await sync(roomId);
    await send(roomId, { user: anna, txnId: 'again', content: { percent: 1 } });
    house.aheadMs += ephemeralEventLifetimeMs - 5_000;
    expect(percents(await sync(roomId, since))).toEqual([1]);
    expect(percents(await sync(roomId))).toEqual([1]);
    house.aheadMs += 65_000;
    expect(percents(await sync(roomId))).toEqual([]);
    await send(roomId, { user: anna, txnId: 'again', content: { percent: 2 } });
    expect(percents(await sync(roomId, since))).toEqual([2]);
    const text = 'select count(*)::int as n from ephemeral_events where expires_ts <= $1';
    const now = Date.now() + house.aheadMs;
    expect(await house.database.db.query({ name: 'test.ended', text }, [now])).toEqual([{ n: 0 }]);
  });

  it('is not shown to who joins later, nor to who ignores its sender, nor where a filter leaves it out', async () => {
    const roomId = await room();
    const bob = await house.person('bob');
    await send(roomId, { user: anna, content: { percent: 1 } });
    await join(roomId, bob.token);
    await send(roomId, { user: anna, content: { percent: 2 } });
    expect(percents(await sync(roomId, undefined, bob.token))).toEqual([2]);
    expect(percents(await sync(roomId))).toEqual([1, 2]);
    const filter = enc(JSON.stringify({ room: { ephemeral: { not_types: ['org.example.*'] } } }));
    const filtered = await request<SyncAnswer>(house.base, 'GET', `${v3}/sync?filter=${filter}`, alice);
    expect(filtered.rooms?.join?.[roomId]?.ephemeral.events).toEqual([]);
    const path = `${v3}/user/${enc(alice.userId)}/account_data/m.ignored_user_list`;
    await request(house.base, 'PUT', path, { ...alice, body: { ignored_users: { [anna]: {} } } });
    expect(percents(await sync(roomId))).toEqual([]);
    await request(house.base, 'PUT', path, { ...alice, body: { ignored_users: {} } });
  });

  it('needs the power that the room says, by type, by default, or that of a message', async () => {
    const roomId = await room({
      power_level_content_override: {
        'com.beeper.ephemeral': { 'org.example.open': 0 },
        'com.beeper.ephemeral_default': 50,
      },
    });
    expect(await refusal(send(roomId, { user: anna }))).toBe('403 M_FORBIDDEN');
    expect(await send(roomId, { user: anna, type: 'org.example.open' })).toEqual({});
    expect(await send(roomId, { token: alice.token })).toEqual({});
    const quiet = await room({ power_level_content_override: { events_default: 50 } });
    expect(await refusal(send(quiet, { user: anna }))).toBe('403 M_FORBIDDEN');
  });

  it.each<[string, Sending, string]>([
    ['of a user who is not in the room', { user: '@_irc_bert:localhost' }, '403 M_FORBIDDEN'],
    ['of somebody whom the service does not speak for', { user: '@alice:localhost' }, '403 M_FORBIDDEN'],
    ['of nobody', { token: 'unknown' }, '401 M_UNKNOWN_TOKEN'],
    ['of a type of the specification', { user: anna, type: 'm.receipt' }, '400 M_INVALID_PARAM'],
    ['of a type too long', { user: anna, type: 't'.repeat(256) }, '413 M_TOO_LARGE'],
    ['of a transaction id too long', { user: anna, txnId: 't'.repeat(1_001) }, '400 M_INVALID_PARAM'],
    ['at no time', { user: anna, ts: 'now' }, '400 M_INVALID_PARAM'],
    ['of more bytes than an event has', { user: anna, content: { text: 'x'.repeat(65_536) } }, '413 M_TOO_LARGE'],
    ['that is no object', { user: anna, content: [] }, '400 M_BAD_JSON'],
    ['of endless depth', { user: anna, content: { deep: deep(1_000) } }, '400 M_BAD_JSON'],
  ])('%s is refused', async (_what, sending, expected) => {
    expect(await refusal(send(await room(), sending))).toBe(expected);
  });

  it('that is encrypted may be sent, whatever is in it', async () => {
    const roomId = await room();
    expect(await send(roomId, { user: anna, type: 'm.room.encrypted', content: { algorithm: 'x' } })).toEqual({});
  });

  it('is refused while a room has very many of them, whoever is not limited otherwise', async () => {
    const roomId = await room();
    const text = `with p as (update position set value = value + $2::bigint returning value - $2::bigint as base)
      insert into ephemeral_events select p.base + n, r.room_nid, '@x:localhost', '', 't' || n, 'x', '{}', $3::bigint
      from p, rooms r, generate_series(1, $2::int) n where r.room_id = $1`;
    const endTs = Date.now() + house.aheadMs + 60_000;
    await house.database.db.query({ name: 'test.many', text }, [roomId, ephemeralEventsPerRoomMax, endTs]);
    expect(await refusal(send(roomId, { user: anna }))).toBe('429 M_LIMIT_EXCEEDED');
    house.aheadMs += 60_001;
    expect(await send(roomId, { user: anna })).toEqual({});
  });
});

it('leaves tables that agree with one another', async () => {
  expect(await checkDatabase(house.database.url)).toEqual([]);
});

function deep(levels: number): unknown {
  return levels === 0 ? {} : [deep(levels - 1)];
}
