// Importing events in batches, over HTTP: history before a room's first message and what was missed at its end, as bridges ask for it.
// https://spec.matrix.org/v1.19/application-service-api/
import { AppserviceDouble } from '@pons/testkit/appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkDatabase } from '../../src/storage/check.ts';
import { ghost as registerAs, type RegistryHouse, registryHouse, v3 } from './registry-house.ts';

const irc = new AppserviceDouble();
const day = 86_400_000;
const past = 1_600_000_000_000;
const enc = encodeURIComponent;
let house: RegistryHouse;
let alice: Awaited<ReturnType<typeof registerUser>>;

beforeAll(async () => {
  house = await registryHouse({ registrations: { irc: { url: await irc.listen() }, other: {} } });
  alice = await registerUser(house.base, 'alice');
  for (const name of ['anna', 'bert', 'cara']) await registerGhost(name);
});
afterAll(async () => {
  await house.stop();
  await irc.close();
});

const as = <T = Record<string, unknown>>(method: string, path: string, body?: unknown, token = 'as-irc') =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
const ghost = (name: string) => `@_irc_${name}:localhost`;
const registerGhost = (name: string) => registerAs(house.base, 'as-irc', `_irc_${name}`);

interface Imported {
  readonly type: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly event_id?: string;
  readonly content: Record<string, unknown>;
  readonly redacts?: string;
}
const text = (body: string, more: Partial<Imported> = {}): Imported => ({
  type: 'm.room.message',
  sender: ghost('anna'),
  origin_server_ts: past,
  event_id: `$${body}:remote.example`,
  content: { msgtype: 'm.text', body },
  ...more,
});
const batch = (roomId: string, events: readonly unknown[], more: object = {}, token = 'as-irc') =>
  as<{ event_ids: string[] }>(
    'POST',
    `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(roomId)}/batch_send`,
    { forward: false, forward_if_no_messages: false, send_notification: false, events, ...more },
    token,
  );

/** A private room of the bot and alice, with two messages in it. */
async function room(...bodies: string[]): Promise<string> {
  const { room_id: roomId } = await as<{ room_id: string }>('POST', `${v3}/createRoom`, {
    preset: 'private_chat',
    invite: [alice.userId],
  });
  await request(house.base, 'POST', `${v3}/join/${enc(roomId)}`, { token: alice.token, body: {} });
  for (const body of bodies) await say(roomId, body);
  return roomId;
}
let txn = 0;
const say = (roomId: string, body: string, query = '') =>
  as<{ event_id: string }>('PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/t${(txn += 1)}${query}`, {
    msgtype: 'm.text',
    body,
  });
interface Shown {
  readonly event_id: string;
  readonly type: string;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly content: Record<string, unknown> & { readonly body?: string };
  readonly unsigned?: { readonly 'm.relations'?: Record<string, unknown>; readonly redacted_because?: unknown };
}
/** What alice reads, the oldest first. */
async function history(roomId: string, more = ''): Promise<Shown[]> {
  const chunk: Shown[] = [];
  for (let from: string | undefined = ''; from !== undefined; ) {
    const page: { chunk: Shown[]; end?: string } = await request(
      house.base,
      'GET',
      `${v3}/rooms/${enc(roomId)}/messages?dir=b&limit=3${more}${from === '' ? '' : `&from=${from}`}`,
      { token: alice.token },
    );
    chunk.push(...page.chunk);
    from = page.end;
  }
  return chunk.reverse();
}
const bodies = (events: readonly Shown[]) => events.flatMap(({ content }) => content.body ?? []);
const counts = async () =>
  (
    await house.database.db.query<{ events: number; state: number }>({
      name: `batch.counts`,
      text: `select (select count(*) from events)::int as events, (select count(*) from room_state)::int as state`,
    })
  )[0];
const extremities = async (roomId: string) =>
  (
    await house.database.db.query<{ ids: string[] }>(
      {
        name: 'batch.extremities',
        text: `select array(select event_id from events e where e.room_nid = r.room_nid and e.event_nid = any(r.extremities)) as ids
          from rooms r where room_id = $1`,
      },
      [roomId],
    )
  )[0]?.ids;

it('is announced as com.beeper.batch_sending', async () => {
  const { unstable_features: features } = await request<{ unstable_features: Record<string, boolean> }>(
    house.base,
    'GET',
    '/_matrix/client/versions',
  );
  expect(features['com.beeper.batch_sending']).toBe(true);
});

describe('history', () => {
  it('stands before the first message and after what made the room, each batch before the ones that came earlier', async () => {
    const roomId = await room('now 1', 'now 2');
    await batch(roomId, [text('old 3'), text('old 4')]);
    await batch(roomId, [text('old 1', { sender: ghost('bert') }), text('old 2')]);
    const events = await history(roomId);
    expect(bodies(events)).toEqual(['old 1', 'old 2', 'old 3', 'old 4', 'now 1', 'now 2']);
    expect(events[0]?.type).toBe('m.room.create');
    expect(events.find(({ content }) => content.body === 'old 1')).toMatchObject({
      sender: ghost('bert'),
      origin_server_ts: past,
    });
  });

  it('never becomes an end of the room, nor moves its state or its members', async () => {
    const roomId = await room('now');
    const before = await extremities(roomId);
    await batch(roomId, [text('one'), text('two', { sender: ghost('cara') })]);
    expect(await extremities(roomId)).toEqual(before);
    const { joined } = await as<{ joined: object }>('GET', `${v3}/rooms/${enc(roomId)}/joined_members`);
    expect(Object.keys(joined).sort()).toEqual(['@_irc_bot:localhost', alice.userId]);
    await say(roomId, 'later');
    expect(bodies(await history(roomId))).toEqual(['one', 'two', 'now', 'later']);
  });

  it('is no news: not in /sync, not in a transaction, and wakes nobody', async () => {
    const roomId = await room('now');
    const sync = <T>(query: string) => request<T>(house.base, 'GET', `${v3}/sync?${query}`, { token: alice.token });
    interface Sync {
      next_batch: string;
      rooms?: { join?: Record<string, { timeline: { events: Shown[] } }> };
    }
    const { next_batch: since } = await sync<Sync>('timeout=0');
    const waiting = sync<Sync>(`timeout=30000&since=${enc(since)}`);
    await batch(roomId, [text('old')], { send_notification: true });
    await say(roomId, 'after');
    const { rooms } = await waiting;
    expect(bodies(rooms?.join?.[roomId]?.timeline.events ?? [])).toEqual(['after']);
    await irc.until(() => irc.events.some(({ content }) => content['body'] === 'after'));
    expect(irc.events.filter(({ content }) => content['body'] === 'old')).toEqual([]);
  });

  it('can be read event by event, with what stands around it, by relation and by time', async () => {
    const roomId = await room('now');
    const { event_ids: ids } = await batch(roomId, [
      text('root', { origin_server_ts: past }),
      text('middle', { origin_server_ts: past + day }),
      text('last', { origin_server_ts: past + 2 * day }),
    ]);
    const [root = '', middle = ''] = ids;
    const reaction = {
      type: 'm.reaction',
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: root, key: '👍' } },
    };
    const reference = { body: 'see', 'm.relates_to': { rel_type: 'm.reference', event_id: root } };
    await batch(roomId, [text('x', { ...reaction, event_id: '$r:remote' }), text('y', { content: reference })]);
    const get = <T = Record<string, unknown>>(path: string, version = 'v3') =>
      request<T>(house.base, 'GET', `/_matrix/client/${version}/rooms/${enc(roomId)}/${path}`, { token: alice.token });
    const shown = await get<Shown>(`event/${enc(root)}`);
    expect(shown.content.body).toBe('root');
    expect(shown.unsigned?.['m.relations']).toHaveProperty('m.reference');
    const context = await get<{ events_before: Shown[]; events_after: Shown[]; state: Shown[] }>(
      `context/${enc(middle)}?limit=2`,
    );
    expect(bodies(context.events_before)).toEqual(['root']);
    expect(bodies(context.events_after)).toEqual(['last']);
    const { chunk } = await get<{ chunk: Shown[] }>(`relations/${enc(root)}`, 'v1');
    expect(chunk.map(({ type }) => type).sort()).toEqual(['m.reaction', 'm.room.message']);
    for (const [dir, found] of [
      ['f', ids[1]],
      ['b', ids[0]],
    ] as const) {
      expect(await get(`timestamp_to_event?dir=${dir}&ts=${past + 1000}`, 'v1')).toMatchObject({ event_id: found });
    }
  });

  it('has the members of that time in a line of its own, made once', async () => {
    const roomId = await room('now');
    const { event_ids: ids } = await batch(roomId, [text('one'), text('two')]);
    await batch(roomId, [text('three')]);
    const rows = await house.database.db.query<{ line: number; keys: string[] }>(
      {
        name: 'batch.lines',
        text: `select s.line, array_agg(k.state_key) as keys from room_state s join state_keys k using (key_nid)
          join rooms r using (room_nid) where r.room_id = $1 and s.line <> 0 group by s.line`,
      },
      [roomId],
    );
    expect(rows).toEqual([{ line: 1, keys: [ghost('anna')] }]);
    // The room is private: they were invited by who asked, and both events are cited and not shown.
    const { chunk } = await as<{ chunk: Shown[] }>('GET', `${v3}/rooms/${enc(roomId)}/messages?dir=b&limit=50`);
    expect(chunk.filter(({ sender }) => sender === ghost('anna')).map(({ type }) => type)).toEqual(
      Array.from({ length: 3 }, () => 'm.room.message'),
    );
    expect(ids).toHaveLength(2);
  });

  it('may redact itself, and nothing that is state', async () => {
    const roomId = await room('now');
    const redaction = (redacts: string) =>
      text('', { type: 'm.room.redaction', content: {}, redacts, event_id: `$x${redacts}` });
    const { event_ids: ids } = await batch(roomId, [text('wrong'), redaction('$wrong:remote.example'), text('right')]);
    expect(bodies(await history(roomId))).toEqual(['right', 'now']);
    const shown = await request<Shown>(house.base, 'GET', `${v3}/rooms/${enc(roomId)}/event/${enc(ids[0] ?? '')}`, {
      token: alice.token,
    });
    expect(shown.unsigned?.redacted_because).toMatchObject({ event_id: ids[1] });
    const { event_id: state } = await as<{ event_id: string }>('PUT', `${v3}/rooms/${enc(roomId)}/state/m.room.topic`, {
      topic: 'tea',
    });
    await expect(batch(roomId, [{ ...redaction(state), sender: '@_irc_bot:localhost' }])).rejects.toMatchObject({
      status: 400,
      errcode: 'M_INVALID_PARAM',
    });
  });

  it('goes to the end of a room that has no message yet', async () => {
    const roomId = await room();
    await batch(roomId, [text('first'), text('second')], { forward_if_no_messages: true });
    await batch(roomId, [text('earlier')], { forward_if_no_messages: true });
    await say(roomId, 'now');
    expect(bodies(await history(roomId))).toEqual(['earlier', 'first', 'second', 'now']);
  });
});

it('shows who spoke in it where members are loaded lazily, and a first /sync with it in the timeline', async () => {
  const roomId = await room('now');
  await as('PUT', `${v3}/profile/${enc(ghost('cara'))}/displayname?user_id=${enc(ghost('cara'))}`, {
    displayname: 'Cara',
  });
  await batch(roomId, [text('a', { sender: ghost('cara') }), text('b', { sender: ghost('cara') })]);
  const { state } = await request<{ state: (Shown & { state_key: string })[] }>(
    house.base,
    'GET',
    `${v3}/rooms/${enc(roomId)}/messages?dir=b&limit=3&filter=${enc('{"lazy_load_members":true}')}`,
    { token: alice.token },
  );
  const cara = state.find(({ state_key: key }) => key === ghost('cara'));
  expect(cara?.content).toEqual({ membership: 'join', displayname: 'Cara' });
  const { rooms } = await request<{
    rooms: { join: Record<string, { timeline: { events: Shown[] }; state: { events: Shown[] } }> };
  }>(house.base, 'GET', `${v3}/sync?timeout=0&filter=${enc('{"room":{"timeline":{"limit":3}}}')}`, {
    token: alice.token,
  });
  const shown = rooms.join[roomId];
  expect(bodies(shown?.timeline.events ?? [])).toEqual(['a', 'b', 'now']);
  expect(shown?.state.events.some(({ type }) => type === 'm.room.create')).toBe(true);
});

describe('a forward batch', () => {
  it('is appended with its own times by senders who join for it, and is not told to its maker', async () => {
    const roomId = await room('now');
    const since = (
      await request<{ next_batch: string }>(house.base, 'GET', `${v3}/sync?timeout=0`, { token: alice.token })
    ).next_batch;
    const { event_ids: ids } = await batch(roomId, [text('missed 1'), text('missed 2', { sender: ghost('bert') })], {
      forward: true,
    });
    expect(await extremities(roomId)).toEqual([ids[1]]);
    expect(bodies(await history(roomId))).toEqual(['now', 'missed 1', 'missed 2']);
    const { joined } = await as<{ joined: object }>('GET', `${v3}/rooms/${enc(roomId)}/joined_members`);
    expect(Object.keys(joined)).toContain(ghost('bert'));
    const news = await request<{ rooms: { join: Record<string, { timeline: { events: Shown[] } }> } }>(
      house.base,
      'GET',
      `${v3}/sync?timeout=0&since=${enc(since)}`,
      { token: alice.token },
    );
    expect(bodies(news.rooms.join[roomId]?.timeline.events ?? [])).toEqual(['missed 1', 'missed 2']);
  });

  it('has receipts of who has read it, and of nobody else on the word of an application service', async () => {
    const roomId = await room('now');
    const readers = async () =>
      house.database.db.query<{ userId: string; eventId: string }>(
        {
          name: 'batch.receipts',
          text: 'select user_id as "userId", event_id as "eventId" from receipts join rooms using (room_nid) where room_id = $1',
        },
        [roomId],
      );
    await batch(roomId, [text('a')], { forward: true, mark_read_by: alice.userId });
    expect(await readers()).toEqual([]);
    const { event_ids: ids } = await batch(roomId, [text('b'), text('c')], {
      forward: true,
      mark_read_by: ghost('anna'),
    });
    expect(await readers()).toEqual([{ userId: ghost('anna'), eventId: ids[1] }]);
  });
});

describe('the same again', () => {
  it.each([['backward'], ['forward']])('answers the first ids and adds nothing, %s', async (direction) => {
    const roomId = await room('now');
    const more = { forward: direction === 'forward' };
    const react = (event_id: string) =>
      text('', {
        type: 'm.reaction',
        event_id,
        content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: '$a:remote.example', key: 'x' } },
      });
    const nameless = { ...text('c'), event_id: undefined };
    const events = [text('a'), text('b'), react('$random1:remote'), nameless, nameless];
    const first = await batch(roomId, events, more);
    expect(new Set(first.event_ids).size).toBe(5);
    const before = await counts();
    const again = [text('a'), text('b'), react('$random2:remote'), nameless, nameless];
    expect(await batch(roomId, again, more)).toEqual(first);
    expect(await Promise.all([batch(roomId, events, more), batch(roomId, again, more)])).toEqual([first, first]);
    expect(await counts()).toEqual(before);
    const grown = await batch(roomId, [...events, text('new')], more);
    expect(grown.event_ids.slice(0, 5)).toEqual(first.event_ids);
    expect(await counts()).toMatchObject({ events: (before?.events ?? 0) + 1 });
    await house.restart();
    expect(await batch(roomId, events, more)).toEqual(first);
    // Names are an application service's own.
    const [shown] = (await history(roomId)).filter(({ type }) => type === 'm.reaction');
    expect(shown?.content['m.relates_to']).toMatchObject({ event_id: first.event_ids[0] });
  });

  it('is one batch when it comes many times at once', async () => {
    const roomId = await room('now');
    const before = await counts();
    const answers = await Promise.all(Array.from({ length: 8 }, () => batch(roomId, [text('a'), text('b')])));
    expect(new Set(answers.map((answer) => answer.event_ids.join())).size).toBe(1);
    // Two messages, an invitation and a join of that time.
    expect(await counts()).toMatchObject({ events: (before?.events ?? 0) + 4 });
  });
});

it('what comes later finds imported events by the names they came under', async () => {
  const roomId = await room('now');
  const { event_ids: ids } = await batch(roomId, [text('a'), text('b')]);
  await say(roomId, 'hello');
  const { event_id: edit } = await as<{ event_id: string }>(
    'PUT',
    `${v3}/rooms/${enc(roomId)}/send/m.room.message/t${(txn += 1)}`,
    {
      msgtype: 'm.text',
      body: '* A',
      'm.new_content': { msgtype: 'm.text', body: 'A' },
      'm.relates_to': { rel_type: 'm.replace', event_id: '$a:remote.example' },
    },
  );
  const shown = await as<Shown>('GET', `${v3}/rooms/${enc(roomId)}/event/${enc(edit)}`);
  expect(shown.content['m.relates_to']).toMatchObject({ event_id: ids[0] });
  await as(
    'PUT',
    `${v3}/rooms/${enc(roomId)}/redact/${enc('$b:remote.example')}/t${(txn += 1)}?user_id=@_irc_bot:localhost`,
    {},
  );
  expect(bodies(await history(roomId))).toEqual(['a', 'now', 'hello', '* A']);
});

it('gives no power over what was said since to who had it then', async () => {
  const roomId = await room('now');
  const path = `${v3}/rooms/${enc(roomId)}`;
  const { event_id: own } = await request<{ event_id: string }>(
    house.base,
    'PUT',
    `${path}/send/m.room.message/t${(txn += 1)}`,
    { token: alice.token, body: { msgtype: 'm.text', body: 'mine' } },
  );
  const redaction = text('', {
    type: 'm.room.redaction',
    sender: '@_irc_bot:localhost',
    content: {},
    redacts: own,
    event_id: '$redaction:remote.example',
  });
  await expect(batch(roomId, [redaction])).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  expect(bodies(await history(roomId))).toEqual(['now', 'mine']);
});

describe('refusals', () => {
  let roomId = '';
  beforeEach(async () => {
    roomId ||= await room('now');
  });
  const refusals: [string, () => Promise<unknown>, number, string][] = [
    ['people', () => batch(roomId, [text('x')], {}, alice.token), 403, 'M_FORBIDDEN'],
    ['who is not in the room', () => batch(roomId, [text('x')], {}, 'as-other'), 403, 'M_FORBIDDEN'],
    ['senders of others', () => batch(roomId, [text('x', { sender: alice.userId })]), 403, 'M_FORBIDDEN'],
    [
      'senders who are not registered',
      () => batch(roomId, [text('x', { sender: ghost('nobody') })]),
      403,
      'M_FORBIDDEN',
    ],
    [
      'too many events',
      () =>
        batch(
          roomId,
          Array.from({ length: 1001 }, () => text('x')),
        ),
      413,
      'M_TOO_LARGE',
    ],
    ['events too large', () => batch(roomId, [text('x'.repeat(70_000), { event_id: '$x' })]), 413, 'M_TOO_LARGE'],
    ['state events', () => batch(roomId, [{ ...text('x'), state_key: '' }]), 400, 'M_INVALID_PARAM'],
    ['no time', () => batch(roomId, [{ ...text('x'), origin_server_ts: undefined }]), 400, 'M_INVALID_PARAM'],
    ['no time that is one', () => batch(roomId, [text('x', { origin_server_ts: -1 })]), 400, 'M_INVALID_PARAM'],
    ['no list', () => batch(roomId, 'x' as unknown as []), 400, 'M_BAD_JSON'],
    ['events that are none', () => batch(roomId, [1]), 400, 'M_BAD_JSON'],
    ['names too long', () => batch(roomId, [text('x', { event_id: `$${'x'.repeat(300)}` })]), 400, 'M_INVALID_PARAM'],
    [
      'redactions of nothing',
      () => batch(roomId, [text('x', { type: 'm.room.redaction', content: {}, redacts: '$nothing' })]),
      404,
      'M_NOT_FOUND',
    ],
  ];
  it.each(refusals)('%s', async (_what, attempt, status, errcode) => {
    const before = await counts();
    await expect(attempt()).rejects.toMatchObject({ status, errcode });
    expect(await counts()).toEqual(before);
  });
});

it('leaves tables that agree with one another', async () => {
  expect(await checkDatabase(house.database.url)).toEqual([]);
});
