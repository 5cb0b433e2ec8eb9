// The floor under the send path: what Express, canonical JSON, hashing, signing and a durable batched insert cost on this machine when
// nothing of Matrix is checked. The homeserver's CPU per send divided by this one's, both in one run, is its distance from the limit.
// Run by main.ts as a process of its own: floor.ts DATA_DIR; prints its port.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import pg from 'pg';
import { startEmbedded } from '../packages/homeserver/src/storage/embedded/supervise.ts';

const roomCount = 50;
const batchMax = 500;
const dataDir = process.argv[2] ?? '.';
const { privateKey } = generateKeyPairSync('ed25519');
const embedded = await startEmbedded({ dataDir });
const pool = new pg.Pool({ ...embedded.connection, max: 4 });
await pool.query(`
  create table floor_events (position bigint primary key, room_nid bigint not null, event_id text not null, type text, sender text, depth bigint, json text not null);
  create unique index on floor_events (event_id);
  create index on floor_events (room_nid, position);
  create table floor_position (one int primary key, value bigint);
  insert into floor_position values (1, 0);
  create table floor_transactions (key text primary key, event_id text)`);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`;
}

interface Waiting {
  readonly roomNid: number;
  readonly id: string;
  readonly type: string;
  readonly sender: string;
  readonly depth: number;
  readonly json: string;
  readonly transaction: string;
  resolve(id: string): void;
  reject(error: unknown): void;
}
const rooms = Array.from({ length: roomCount }, (_, nid) => ({ nid, id: `!r${nid}:floor`, tip: '$create', depth: 1 }));
const waiting: Waiting[] = [];
let inFlight = 0;
const insert = `with p as (update floor_position set value = value + $1 where one = 1 returning value),
  written as (insert into floor_events
    select p.value - $1::bigint + t.place, t.room, t.id, t.type, t.sender, t.depth, t.json
    from p, unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
      with ordinality t (room, id, type, sender, depth, json, place)),
  remembered as (insert into floor_transactions select * from unnest($8::text[], $3::text[]))
  select value from p`;

async function flush(): Promise<void> {
  if (inFlight >= 2 || waiting.length === 0) return;
  inFlight += 1;
  const batch = waiting.splice(0, batchMax);
  const column = <T>(pick: (one: Waiting) => T): T[] => batch.map(pick);
  try {
    await pool.query({
      name: 'append',
      text: insert,
      values: [
        batch.length,
        column((one) => one.roomNid),
        column((one) => one.id),
        column((one) => one.type),
        column((one) => one.sender),
        column((one) => one.depth),
        column((one) => one.json),
        column((one) => one.transaction),
      ],
    });
    for (const one of batch) one.resolve(one.id);
  } catch (error) {
    for (const one of batch) one.reject(error);
  }
  inFlight -= 1;
  void flush();
}

const unpadded = (text: string) => text.replace(/=+$/, '');
let sequence = 0;
function append(roomIndex: number, sender: string, type: string, content: Json, ts: number): Promise<string> {
  const room = rooms[roomIndex % roomCount]!;
  room.depth += 1;
  const { depth } = room;
  const event: { [key: string]: Json } = {
    type,
    room_id: room.id,
    sender,
    content,
    origin_server_ts: ts,
    depth,
    prev_events: [room.tip],
    auth_events: ['$create', '$power', '$join'],
  };
  event['hashes'] = { sha256: unpadded(createHash('sha256').update(canonical(event)).digest('base64')) };
  const redacted = canonical({ ...event, content: {} });
  const id = `$${createHash('sha256').update(redacted).digest('base64url')}`;
  event['signatures'] = {
    floor: { 'ed25519:1': unpadded(sign(null, Buffer.from(redacted), privateKey).toString('base64')) },
  };
  room.tip = id;
  const json = JSON.stringify(event);
  return new Promise((resolve, reject) => {
    sequence += 1;
    waiting.push({ roomNid: room.nid, id, type, sender, depth, json, transaction: `t${sequence}`, resolve, reject });
    if (waiting.length === 1) setImmediate(() => void flush());
  });
}

const app = express();
app.disable('x-powered-by').disable('etag');
app.put('/_matrix/client/v3/rooms/:room/send/:type/:txn', express.json(), async (request, response) => {
  const { room, type } = request.params;
  const { ts, user_id: sender } = request.query;
  const id = await append(
    Number(room),
    typeof sender === 'string' ? sender : '@a:floor',
    String(type),
    request.body as Json,
    Number(ts ?? Date.now()),
  );
  response.json({ event_id: id });
});
const server = http
  .createServer(app)
  .listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
  void pool.end().then(() => embedded.stop());
});
