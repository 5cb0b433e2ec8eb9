// An account that ended and asked for erasure: whoever could see what it sent until then still does, whoever came later is given redacted
// copies, by every way of reading a room.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testUser } from '../../../testkit/src/room-lanes.ts';
import { syncHouse } from '../../../testkit/src/sync-house.ts';
import { eraseAccount } from '../../src/accounts/users.ts';
import { createRoom } from '../../src/actions/create-room.ts';
import { joinRoom } from '../../src/actions/join-room.ts';
import { sendEvent } from '../../src/actions/send-event.ts';
import type { Requester } from '../../src/platform/requester.ts';
import { type RegistryHouse, registryHouse, v3 } from '../application-service/registry-house.ts';

const marker = 'goldfinch';
const enc = encodeURIComponent;
type Answer = Record<string, unknown>;

let house: RegistryHouse;
let room = '';
let roomId = '';
let txn = 0;
const tokens: Record<string, string> = {};
/** Events of erin's, and one of alice's that erin answered. */
const ids = { said: '', root: '', asked: '', name: '' };

const call = (name: string, method: string, path: string, body?: object) =>
  request<Answer>(house.base, method, path, { token: tokens[name] ?? '', ...(body === undefined ? {} : { body }) });
const person = async (name: string) => {
  tokens[name] = (await house.person(name)).token;
};
const join = (name: string) => call(name, 'POST', `${v3}/join/${enc(roomId)}`, {});
async function send(name: string, content: object): Promise<string> {
  const path = `${room}/send/m.room.message/t${(txn += 1)}`;
  return String((await call(name, 'PUT', path, { msgtype: 'm.text', ...content }))['event_id']);
}
const relates = (relType: string, eventId: string) => ({ 'm.relates_to': { rel_type: relType, event_id: eventId } });

async function endErin(): Promise<void> {
  const auth = {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'erin' },
    password: 'password of erin',
  };
  await call('erin', 'POST', `${v3}/account/deactivate`, { auth, erase: true });
}

// Alice and bob are in the room throughout; dora was there when erin spoke and comes again; carol and frank come later.
beforeAll(async () => {
  house = await registryHouse();
  for (const name of ['alice', 'bob', 'carol', 'dora', 'erin', 'frank']) await person(name);
  await call('erin', 'PUT', `${v3}/profile/@erin:localhost/displayname`, { displayname: `erin ${marker}` });
  const power = { users: { '@erin:localhost': 50 } };
  roomId = String(
    (
      await call('alice', 'POST', `${v3}/createRoom`, {
        preset: 'public_chat',
        power_level_content_override: power,
      })
    )['room_id'],
  );
  room = `${v3}/rooms/${enc(roomId)}`;
  for (const name of ['bob', 'dora', 'erin']) await join(name);
  ids.name = String((await call('erin', 'PUT', `${room}/state/m.room.name`, { name: 'Birds' }))['event_id']);
  ids.said = await send('erin', { body: `first ${marker}` });
  await send('erin', { body: '*', 'm.new_content': { body: `edit ${marker}` }, ...relates('m.replace', ids.said) });
  ids.root = await send('erin', { body: `root ${marker}` });
  await send('alice', { body: 'answer', ...relates('m.thread', ids.root) });
  ids.asked = await send('alice', { body: 'who is there?' });
  await send('erin', { body: `answer ${marker}`, ...relates('m.thread', ids.asked) });
  await call('dora', 'POST', `${room}/leave`, {});
  await endErin();
  for (const name of ['carol', 'dora']) await join(name);
});
afterAll(async () => {
  await house.stop();
});

const v1 = () => `/_matrix/client/v1/rooms/${enc(roomId)}`;
const whole = enc(JSON.stringify({ room: { timeline: { limit: 100 } } }));
/** Ways to read a room; each shows something of erin's. */
const ways: readonly [string, () => string][] = [
  ['/messages backwards', () => `${room}/messages?dir=b&limit=100`],
  ['/messages forwards', () => `${room}/messages?dir=f&limit=100`],
  ['/context', () => `${room}/context/${enc(ids.said)}?limit=50`],
  ['/context of what she answered', () => `${room}/context/${enc(ids.asked)}?limit=0`],
  ['/event', () => `${room}/event/${enc(ids.said)}`],
  ['/event with a thread', () => `${room}/event/${enc(ids.asked)}`],
  ['/relations', () => `${v1()}/relations/${enc(ids.asked)}`],
  ['/relations of an edit', () => `${v1()}/relations/${enc(ids.said)}`],
  ['/threads', () => `${v1()}/threads`],
  ['/sync', () => `${v3}/sync?filter=${whole}`],
  ['/rooms/{roomId}/initialSync', () => `${room}/initialSync?limit=100`],
];

describe('what an erased user had sent', () => {
  it.each(ways)('is shown by %s to who could see it, and to nobody who came later', async (_way, path) => {
    for (const name of ['bob', 'dora']) expect(JSON.stringify(await call(name, 'GET', path()))).toContain(marker);
    expect(JSON.stringify(await call('carol', 'GET', path()))).not.toContain(marker);
  });

  it('is a redacted copy for those: the event without its content, and no redaction', async () => {
    const event = await call('carol', 'GET', `${room}/event/${enc(ids.said)}`);
    expect(event).toMatchObject({ event_id: ids.said, sender: '@erin:localhost', type: 'm.room.message', content: {} });
    expect(event['unsigned']).not.toHaveProperty('redacted_because');
    expect(event['unsigned']).not.toHaveProperty('m.relations');
    const own = await call('bob', 'GET', `${room}/event/${enc(ids.said)}`);
    expect(own['unsigned']).toHaveProperty(['m.relations', 'm.replace']);
  });

  it('leaves the answers of others, and what is of the room, as they are', async () => {
    const { chunk } = await call('carol', 'GET', `${room}/messages?dir=b&limit=100`);
    const contents = new Map((chunk as Answer[]).map((event) => [event['event_id'], event['content']]));
    expect(contents.get(ids.asked)).toMatchObject({ body: 'who is there?' });
    expect(contents.get(ids.name)).toEqual({ name: 'Birds' });
    expect(await call('carol', 'GET', `${room}/state/m.room.name`)).toEqual({ name: 'Birds' });
  });

  it('stays so in the /sync that shows a room joined meanwhile', async () => {
    const since = String((await call('frank', 'GET', `${v3}/sync?filter=${whole}`))['next_batch']);
    await join('frank');
    const body = JSON.stringify(await call('frank', 'GET', `${v3}/sync?since=${since}&filter=${whole}`));
    expect(body).toContain(ids.said);
    expect(body).not.toContain(marker);
  });
});

describe('a user id in another life', () => {
  it('is not kept from saying anything, and may ask again', async () => {
    const people = await syncHouse();
    const [alice, ghost, carol, frank] = ['alice', 'ghost', 'carol', 'frank'].map((name) => testUser(name)) as [
      Requester,
      Requester,
      Requester,
      Requester,
    ];
    const created = {
      preset: 'public_chat',
      invite: [],
      isDirect: false,
      creationContent: {},
      initialState: [],
    } as const;
    const lived = await createRoom(people, alice, created);
    const enter = (who: Requester) => joinRoom(people, who, { roomIdOrAlias: lived });
    const speak = (body: string) =>
      sendEvent(people, ghost, {
        roomId: lived,
        type: 'm.room.message',
        content: { body },
        txnId: body,
        endpoint: 'sendMessage',
      });
    const heardBy = async (who: Requester) => {
      const filter = { room: { timeline: { limit: 100 } } };
      const { rooms } = await people.sync(who.userId, { filter });
      return rooms?.join?.[lived]?.timeline.events.flatMap(({ type, content }) =>
        type === 'm.room.message' ? [content['body'] ?? ''] : [],
      );
    };
    await enter(ghost);
    await speak('first');
    await eraseAccount(people.db, ghost.userId);
    await enter(carol);
    await speak('second');
    await eraseAccount(people.db, ghost.userId);
    await enter(frank);
    await speak('third');
    expect(await heardBy(alice)).toEqual(['first', 'second', 'third']);
    expect(await heardBy(carol)).toEqual(['', 'second', 'third']);
    expect(await heardBy(frank)).toEqual(['', '', 'third']);
    await people.close();
  });
});
