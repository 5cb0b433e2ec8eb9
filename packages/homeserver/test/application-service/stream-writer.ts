// Puts events into the stream as the door would, without lanes and rules: for tests of what reads the stream.
import { MatrixError } from '@pons/spec';
import type { Commit, EventRow } from '../../src/storage/commit.ts';
import type { Database, Queryable, SqlValue } from '../../src/storage/database.ts';

export interface Draft {
  readonly type?: string;
  readonly sender: string;
  readonly stateKey?: string;
  readonly content?: Record<string, unknown>;
  readonly redacts?: string;
  /** Else of November 2023. */
  readonly originServerTs?: number;
  /** What another server has sent along. */
  readonly unsigned?: Record<string, unknown>;
}

export interface WrittenEvent {
  readonly eventId: string;
  readonly eventNid: number;
  readonly position: number;
}

/** A room of a test. */
export interface TestRoom {
  readonly roomNid: number;
  readonly roomId: string;
  append(...drafts: readonly Draft[]): Promise<WrittenEvent[]>;
  join(userId: string, membership?: string): Promise<WrittenEvent>;
  say(sender: string, body: string): Promise<WrittenEvent>;
  redact(eventId: string, sender: string): Promise<void>;
  /** Many messages `n1` … at once; nobody is told. */
  fill(count: number, sender: string): Promise<void>;
}

let names = 0;
const run = (tx: Queryable, text: string, values: readonly SqlValue[] = []) =>
  tx.query<Record<string, number>>({ name: `test.${(names += 1)}`, text }, values);

/** Makes rooms; `committed` is told of what was written, as the door tells. */
export function streamWriter(db: Database, serverName: string, committed: (first: number, commit: Commit) => void) {
  let nids = 0;

  async function write(roomNid: number, roomId: string, draft: Draft, tx: Queryable) {
    const eventNid = (nids += 1);
    const eventId = `$event${eventNid}`;
    const { type = 'm.room.message', sender, stateKey, content = {} } = draft;
    const { originServerTs = 1_700_000_000_000 + eventNid } = draft;
    const json = JSON.stringify({
      auth_events: ['$x', '"}]'],
      content,
      depth: 1,
      hashes: { sha256: 'x' },
      origin_server_ts: originServerTs,
      prev_events: [],
      ...(draft.redacts === undefined ? {} : { redacts: draft.redacts }),
      room_id: roomId,
      sender,
      signatures: { [serverName]: {} },
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      type,
      ...(draft.unsigned === undefined ? {} : { unsigned: draft.unsigned }),
    });
    const position = (await run(tx, 'update position set value = value + 1 returning value as v'))[0]?.['v'] ?? 0;
    let keyNid: number | null = null;
    const [{ version = 0 } = {}] = await run(tx, 'select state_version as version from rooms where room_nid = $1', [
      roomNid,
    ]);
    if (stateKey !== undefined) {
      await run(tx, 'insert into state_keys (type, state_key) values ($1, $2) on conflict do nothing', [
        type,
        stateKey,
      ]);
      keyNid =
        (
          await run(tx, 'select key_nid as k from state_keys where type = $1 and state_key = $2', [type, stateKey])
        )[0]?.['k'] ?? 0;
      await run(
        tx,
        'update room_state set to_version = $3 where room_nid = $1 and key_nid = $2 and to_version is null',
        [roomNid, keyNid, version + 1],
      );
      await run(
        tx,
        'insert into room_state (room_nid, line, key_nid, from_version, event_nid) values ($1, 0, $2, $3, $4)',
        [roomNid, keyNid, version + 1, eventNid],
      );
      await run(tx, 'update rooms set state_version = state_version + 1 where room_nid = $1', [roomNid]);
    }
    await run(
      tx,
      `insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, key_nid, depth, origin_server_ts, line, state_version)
       values ($1, $2, $3, $4, $4, 0, $5, $6, $7, 1, $9, 0, $8)`,
      [roomNid, eventNid, eventId, position, type, sender, keyNid, version, originServerTs],
    );
    await run(tx, 'insert into event_json values ($1, $2, $3)', [roomNid, eventNid, json]);
    if (type === 'm.room.member' && stateKey !== undefined)
      await run(
        tx,
        `insert into room_members (room_nid, user_id, membership, event_nid, sender, local, position) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (room_nid, user_id) do update set membership = excluded.membership, position = excluded.position`,
        [
          roomNid,
          stateKey,
          String(content['membership']),
          eventNid,
          sender,
          stateKey.endsWith(`:${serverName}`),
          position,
        ],
      );
    const row = {
      eventNid,
      eventId,
      at: 0,
      type,
      sender,
      originServerTs,
      keyNid,
      trace: null,
      json,
    } as unknown as EventRow;
    return { written: { eventId, eventNid, position }, row };
  }

  return async (roomId: string): Promise<TestRoom> => {
    const roomNid = (nids += 1);
    await run(
      db,
      `insert into rooms (room_nid, room_id, room_version, version, state_version, extremities, depth) values ($1, $2, '11', 0, 0, '{}', 0)`,
      [roomNid, roomId],
    );
    const append = async (...drafts: readonly Draft[]) => {
      const done = await db.transaction(async (tx) => {
        const rows = [];
        for (const draft of drafts) rows.push(await write(roomNid, roomId, draft, tx));
        return rows;
      });
      for (const { written, row } of done)
        committed(written.position, {
          positions: 1,
          room: { roomNid, events: [row], redactions: [] },
        } as unknown as Commit);
      return done.map(({ written }) => written);
    };
    const one = async (draft: Draft) => {
      const [written] = await append(draft);
      if (written === undefined) throw new MatrixError('M_UNKNOWN', 'nothing written');
      return written;
    };
    return {
      roomNid,
      roomId,
      append,
      join: (userId, membership = 'join') =>
        one({ type: 'm.room.member', sender: userId, stateKey: userId, content: { membership } }),
      say: (sender, body) => one({ sender, content: { msgtype: 'm.text', body } }),
      async fill(count, sender) {
        const first = nids + 1;
        nids += count;
        const json = JSON.stringify({ content: { body: 'n%s', msgtype: 'm.text' }, sender, type: 'm.room.message' });
        await run(
          db,
          `with p as (update position set value = value + $3 returning value - $3 as base),
            e as (insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, depth,
                origin_server_ts, line, state_version)
              select $1, $2 + n - 1, '$event' || ($2 + n - 1), p.base + n, p.base + n, 0, 'm.room.message', $4, 1,
                1700000000000 + $2 + n, 0, (select state_version from rooms where room_nid = $1)
              from p, generate_series(1, $3::bigint) n)
          insert into event_json select $1, $2 + n - 1, replace($5, '%s', n::text) from generate_series(1, $3::bigint) n`,
          [roomNid, first, count, sender, json],
        );
      },
      async redact(eventId, sender) {
        const redaction = await one({ type: 'm.room.redaction', sender, content: {}, redacts: eventId });
        await run(db, 'update events set redacted_by = $2 where event_id = $1', [eventId, redaction.eventNid]);
        await run(
          db,
          `update event_json set json = replace(json, substring(json from '"content":{.*?},"depth"'), '"content":{},"depth"')
           where event_nid = (select event_nid from events where event_id = $1)`,
          [eventId],
        );
      },
    };
  };
}
