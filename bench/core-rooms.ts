// Large rooms for bench/core.ts, written by SQL alone: in the shape that the homeserver gives them (rows, texts, intervals, chains of
// prev_events), but with made-up ids, hashes and signatures, since a million signatures would take longer than everything that is measured.
import type pg from 'pg';

/** A room and who may speak in it. */
export interface BenchRoom {
  readonly roomId: string;
  readonly roomNid: number;
  /** User ids of members, by number. */
  readonly member: (index: number) => string;
}

const numbersPerBlock = 1_000;
const rowsPerStatement = 100_000;

/** Takes numbers and positions as the homeserver would. */
async function reserve(client: pg.Client, count: number): Promise<{ nid: number; position: number }> {
  const blocks = Math.ceil(count / numbersPerBlock) + 1;
  const first = await client.query<{ nid: string }>(
    `select setval('nids', nextval('nids') + $1::bigint) - $1::bigint + $2::bigint as nid`,
    [blocks * numbersPerBlock, numbersPerBlock],
  );
  const position = await client.query<{ value: string }>(
    'update position set value = value + $1::bigint returning value - $1::bigint + 1 as value',
    [count],
  );
  return { nid: Number(first.rows[0]?.nid), position: Number(position.rows[0]?.value) };
}

const filler = (chars: number) => `repeat('A', ${chars})`;
/** Text of an event: what differs is put in by SQL. */
const text = (fields: { content: string; stateKey: string; type: string; sender: string }) => `
  '{"auth_events":["' || c.create_id || '","' || c.power_id || '","' || c.join_id || '"],"content":' || ${fields.content}
  || ',"depth":' || c.depth + i || ',"hashes":{"sha256":"' || ${filler(43)} || '"},"origin_server_ts":' || 1700000000000 + i
  || ',"prev_events":["' || case when i = 1 then c.last_id else '$b' || (n.nid + i - 2) || ${filler(30)} end || '"],"room_id":"' || c.room_id
  || '","sender":"' || ${fields.sender} || '","signatures":{"bench":{"ed25519:1":"' || ${filler(86)} || '"}}' || ${fields.stateKey}
  || ',"type":"${fields.type}"}'`;

const context = `with n as (select $2::bigint as nid, $3::bigint as position, $4::int as count, $5::int as first), c as (
    select r.room_nid, r.room_id, r.depth, r.state_version, l.event_id as last_id,
      (select e.event_id from events e where e.room_nid = r.room_nid and e.type = 'm.room.create') as create_id,
      (select e.event_id from events e where e.room_nid = r.room_nid and e.type = 'm.room.power_levels' limit 1) as power_id,
      (select e.event_id from events e where e.room_nid = r.room_nid and e.type = 'm.room.join_rules' limit 1) as join_id
    from rooms r join events l on l.room_nid = r.room_nid and l.event_nid = r.extremities[1] where r.room_nid = $1)`;
const userId = `'@u' || n.first + i || ':bench'`;
const eventId = `'$b' || (n.nid + i - 1) || ${filler(30)}`;
const columns = `room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, key_nid, depth, origin_server_ts, line,
  state_version`;

const joins = `${context},
  k as (insert into state_keys (type, state_key) select 'm.room.member', ${userId} from n, generate_series(1, n.count) i
    on conflict (type, state_key) do update set type = excluded.type returning key_nid, state_key),
  g as (select i, ${userId} as user_id from n, generate_series(1, n.count) i),
  e as (insert into events (${columns})
    select c.room_nid, n.nid + i - 1, ${eventId}, n.position + i - 1, n.position + i - 1, 0, 'm.room.member', g.user_id, k.key_nid,
      c.depth + i, 1700000000000 + i, 0, c.state_version + i - 1
    from n, c, g join k on k.state_key = g.user_id),
  j as (insert into event_json select c.room_nid, n.nid + i - 1, ${text({
    content: `'{"displayname":"User ' || n.first + i || '","membership":"join"}'`,
    stateKey: `',"state_key":"' || g.user_id || '"'`,
    type: 'm.room.member',
    sender: 'g.user_id',
  })} from n, c, g),
  a as (insert into event_auth select c.room_nid, n.nid + i - 1, x from n, c, g, unnest(array[c.create_id, c.power_id, c.join_id]) x),
  s as (insert into room_state (room_nid, line, key_nid, from_version, to_version, event_nid)
    select c.room_nid, 0, k.key_nid, c.state_version + i, null, n.nid + i - 1 from n, c, g join k on k.state_key = g.user_id),
  m as (insert into room_members (room_nid, user_id, membership, event_nid, sender, local, displayname, position)
    select c.room_nid, g.user_id, 'join', n.nid + i - 1, g.user_id, true, 'User ' || n.first + i, n.position + i - 1 from n, c, g)
  update rooms r set version = r.version + 1, state_version = r.state_version + n.count, joined = joined + n.count,
    depth = r.depth + n.count, extremities = array[n.nid + n.count - 1] from n where r.room_nid = $1`;

const messages = `${context},
  g as (select i, '@u' || 1 + i % 10 || ':bench' as user_id from n, generate_series(1, n.count) i),
  e as (insert into events (${columns})
    select c.room_nid, n.nid + i - 1, ${eventId}, n.position + i - 1, n.position + i - 1, 0, 'm.room.message', g.user_id, null,
      c.depth + i, 1700000000000 + i, 0, c.state_version
    from n, c, g),
  j as (insert into event_json select c.room_nid, n.nid + i - 1, ${text({
    content: `'{"body":"The quick brown fox jumps over the lazy dog.","msgtype":"m.text"}'`,
    stateKey: `''`,
    type: 'm.room.message',
    sender: 'g.user_id',
  })} from n, c, g)
  update rooms r set version = r.version + 1, depth = r.depth + n.count, extremities = array[n.nid + n.count - 1]
    from n where r.room_nid = $1`;

/** Adds members `@u<first + 1>:bench` … to a room. */
export async function addMembers(client: pg.Client, roomNid: number, count: number, first = 0): Promise<void> {
  await inSteps(count, async (step, done) => {
    const { nid, position } = await reserve(client, step);
    await client.query(joins, [roomNid, nid, position, step, first + done]);
  });
}

/** Adds messages of the room's first ten members. */
export async function addMessages(client: pg.Client, roomNid: number, count: number): Promise<void> {
  await inSteps(count, async (step) => {
    const { nid, position } = await reserve(client, step);
    await client.query(messages, [roomNid, nid, position, step, 0]);
  });
}

async function inSteps(count: number, add: (step: number, done: number) => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += rowsPerStatement) await add(Math.min(rowsPerStatement, count - done), done);
}
