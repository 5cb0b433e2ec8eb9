// Checks of size: large rooms and many services, echoes, history, ghosts by the thousand. Costs are CPU time of server and database, and
// gates are ratios between the same work small and large, measured in turns.

import { round } from '../../../bench/measure.ts';
import { serverDatabase } from '@pons/testkit/server-database';
import { type Check, exactly, none } from '../check.ts';
import type { FakeService } from '../fake-service.ts';
import { part, type Person, type Stage, v3 } from '../stage.ts';

const bulk = '/_pons/client/v1/appservice/ghosts';
const perRequest = 1000;

/** Ghosts registered and joined in bulk. */
async function fill(stage: Stage, service: FakeService, room: string, names: readonly string[]): Promise<number> {
  let joined = 0;
  for (let at = 0; at < names.length; at += perRequest) {
    const ghosts = names
      .slice(at, at + perRequest)
      .map((name) => ({ localpart: `_${service.id}_${name}`, rooms: [room] }));
    joined += (await stage.as<{ joined: number }>(service, 'POST', bulk, { body: { ghosts }, timeoutMs: 600_000 }))
      .joined;
  }
  return joined;
}

const namesOf = (count: number, prefix = 'm') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

/** CPU of a message in each of two rooms, in turns. */
async function compared(
  stage: Stage,
  places: readonly (readonly [Person, string])[],
  { messages, rounds }: { readonly messages: number; readonly rounds: number },
): Promise<number[]> {
  const costs: number[][] = places.map(() => []);
  for (let turn = 0; turn <= rounds; turn++)
    for (const [at, [person, room]] of places.entries()) {
      const before = stage.cpu();
      const sent: string[] = [];
      for (let index = 0; index < messages; index++) sent.push(await stage.say(person, room));
      await Promise.all(stage.services.map((service) => service.arrived(sent)));
      if (turn > 0) costs[at]?.push((stage.cpu() - before) / messages); // the first turn warms
    }
  return costs.map(median);
}

export const interest: Check = {
  claim: 'an event costs the same in a room of very many members as in a small one, with many services interested',
  async run(stage, { full }) {
    const [members, count] = full ? [100_000, 50] : [5000, 10];
    for (let index = 0; index < count; index++) await stage.service(`s${index}`);
    await stage.start();
    const alice = await stage.person('alice');
    const [small, large] = [await stage.room(alice), await stage.room(alice)];
    await stage.joinAll(small);
    // The others come when everybody is there, or each of them would be told of every join first.
    const [host, ...others] = stage.services;
    await stage.joinAll(large, [host!]);
    const filled = await fill(stage, host!, large, namesOf(members));
    await stage.joinAll(large, others);
    const { messages, rounds } = full ? { messages: 200, rounds: 5 } : { messages: 100, rounds: 3 };
    const sent = messages * (rounds + 1) * 2;
    const tables = ['room_members', 'room_state'];
    const readBefore = await stage.rowsRead(tables);
    const [ofSmall = 0, ofLarge = 0] = await compared(
      stage,
      [
        [alice, small],
        [alice, large],
      ],
      { messages, rounds },
    );
    const readAfter = await stage.rowsRead(tables);
    // That the count would show it: somebody asks for the members.
    await stage.call('GET', `${v3}/rooms/${part(large)}/joined_members`, { token: alice.token });
    const scanned = (await stage.rowsRead(tables)) - readAfter;
    return {
      members: exactly(filled, members, 'members joined'),
      // One look through the members of the large room would be more.
      rows_read: {
        value: readAfter - readBefore,
        unit: `rows of members and state read for ${sent} messages`,
        limit: sent,
      },
      rows_of_a_scan: { value: scanned, unit: 'rows, counted when somebody asks for the members', least: members },
      cpu_ratio: {
        value: round(ofLarge / ofSmall),
        unit: 'CPU of a message in the large room / the small one',
        limit: 1.3,
      },
      cpu_small: { value: round(ofSmall), unit: `ms CPU of a message to ${count} services` },
      doubled: none(
        stage.services.reduce((sum, { again }) => sum + again, 0),
        'events',
      ),
    };
  },
};

export const echo: Check = {
  claim: 'a service that asks for it is not sent what its own users said, while others are',
  async run(stage, { full }) {
    const count = full ? 10_000 : 500;
    const quiet = await stage.service('quiet', { pons: { filters: { own_events: false } } });
    const plain = await stage.service('plain');
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    const [ghost = ''] = await stage.joinAll(room);
    const sent: string[] = [];
    const width = 16;
    await Promise.all(
      Array.from({ length: width }, async () => {
        while (sent.length < count) sent.push(await stage.sayAs(quiet, ghost, room));
      }),
    );
    const last = await stage.say(alice, room);
    await Promise.all([quiet.arrived([last]), plain.arrived([...sent, last])]);
    const own = [...quiet.arrivals.values()].filter(
      ({ sender }) => sender.startsWith('@_quiet_') || sender.startsWith('@quietbot'),
    );
    return {
      imported: { value: sent.length, unit: 'events of its ghosts' },
      echoed: none(own.length, 'own events sent to it'),
      to_others: exactly(
        sent.filter((id) => plain.arrivals.has(id)).length,
        sent.length,
        'of them at the other service',
      ),
    };
  },
};

export const backfill: Check = {
  claim:
    'history is imported in batches, stands in the right order, adds nothing the second time and leaves the room’s end alone',
  async run(stage, { full }) {
    const count = full ? 100_000 : 2000;
    const batch = 500;
    const service = await stage.service('irc');
    const database = await serverDatabase();
    await stage.start(database === undefined ? {} : { database: database.url });
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    const [ghost = ''] = await stage.joinAll(room);
    const first = await stage.say(alice, room, 'now');
    const past = Date.now() - 1_000_000_000;
    const where = `/_matrix/client/unstable/com.beeper.backfill/rooms/${part(room)}/batch_send`;
    // Newest batch first, as bridges backfill; within a batch oldest first.
    const send = async (at: number): Promise<string[]> => {
      const events = Array.from({ length: Math.min(batch, count - at) }, (_, index) => ({
        type: 'm.room.message',
        sender: ghost,
        event_id: `$remote-${at + index}`,
        origin_server_ts: past + at + index,
        content: { msgtype: 'm.text', body: `${at + index}` },
      }));
      const body = { forward: false, events };
      return (
        await stage.as<{ event_ids: string[] }>(service, 'POST', where, { user: ghost, body, timeoutMs: 600_000 })
      ).event_ids;
    };
    const starts = Array.from({ length: Math.ceil(count / batch) }, (_, index) => index * batch).toReversed();
    const before = stage.cpu();
    const made = new Map<number, string[]>();
    for (const at of starts) made.set(at, await send(at));
    const cpuMs = stage.cpu() - before;
    let changed = 0;
    for (const at of starts.slice(0, full ? 20 : starts.length))
      changed += (await send(at)).filter((id, index) => id !== made.get(at)?.[index]).length;
    const last = await stage.say(alice, room, 'after');
    const read: string[] = [];
    for (let from = ''; ; ) {
      const page = await stage.call<{ chunk: { type: string; content: { body?: string } }[]; end?: string }>(
        'GET',
        `${v3}/rooms/${part(room)}/messages?dir=b&limit=1000${from}`,
        { token: alice.token },
      );
      read.push(...page.chunk.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body ?? ''));
      if (page.end === undefined || page.chunk.length === 0) break;
      from = `&from=${part(page.end)}`;
    }
    const expected = ['after', 'now', ...Array.from({ length: count }, (_, index) => `${count - 1 - index}`)];
    await service.arrived([first, last]);
    const [{ ends } = { ends: 0 }] = await stage.query<{ ends: number }>(
      'select max(cardinality(extremities))::int as ends from rooms',
    );
    await stage.end();
    await database?.drop();
    return {
      forward_extremities: exactly(ends, 1, 'forward extremities'),
      imported: exactly([...made.values()].flat().length, count, 'events'),
      second_time: none(changed, 'events with another id'),
      read: exactly(read.length, expected.length, 'messages read back'),
      out_of_order: none(read.filter((body, index) => body !== expected[index]).length, 'messages'),
      pushed: none(
        [...service.arrivals.values()].filter(({ content }) => /^\d+$/.test(String(content['body']))).length,
        'of them sent to the service',
      ),
      cpu: { value: round(cpuMs / count), unit: 'ms CPU of an event' },
    };
  },
};

export const ghosts: Check = {
  claim:
    'thousands of ghosts are registered, named and joined in one request, with one notification to their service at most',
  async run(stage, { full }) {
    const count = full ? 5000 : 1000;
    const service = await stage.service('irc');
    const watcher = await stage.service('watcher');
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    await Promise.all([service, watcher].map(async (one) => one.arrived([await stage.say(alice, room)])));
    const request = async (names: readonly string[]) => {
      const before = stage.cpu();
      const list = names.map((name) => ({ localpart: `_irc_${name}`, displayname: `Ghost ${name}`, rooms: [room] }));
      const answer = await stage.as<{ registered: number; joined: number; errors: unknown[] }>(service, 'POST', bulk, {
        body: { ghosts: list },
        timeoutMs: 600_000,
      });
      return { ...answer, cpuMs: stage.cpu() - before };
    };
    await request(namesOf(100, 'warm'));
    const accepted = service.accepted;
    const first = await request(namesOf(count));
    const again = await request(namesOf(count));
    const last = await stage.say(alice, room);
    await Promise.all([service.arrived([last]), watcher.arrived([last])]);
    const joins = [...watcher.arrivals.values()].filter(
      ({ type, content: { displayname } }) =>
        type === 'm.room.member' && typeof displayname === 'string' && displayname.startsWith('Ghost m'),
    ).length;
    return {
      registered: exactly(first.registered, count, 'ghosts'),
      joined: exactly(first.joined, count, 'joins'),
      errors: none(first.errors.length, 'errors'),
      second_time: none(again.registered + again.joined, 'changes by the same request again'),
      // The message afterwards is one more.
      notifications: { value: service.accepted - accepted, unit: 'transactions to the service', limit: 3 },
      seen_by_others: exactly(joins, count, 'joins at a service that watches the room'),
      cpu: { value: round(first.cpuMs / count), unit: 'ms CPU of a ghost (aim: 0.1)' },
    };
  },
};
