// Dump, restore and check on a small database that holds what is awkward to carry: escapes, bytes, identities, foreign keys.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { checkDatabase } from './check.ts';
import type { EventRow } from './commit.ts';
import { dataTables, dumpDatabase, DumpError } from './dump.ts';
import { createDoor } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { restoreDatabase, RestoreError } from './restore.ts';
import { openSession } from './session.ts';
import { createStateKeys } from './tables/state-keys.ts';

let test: TestDatabase;
let folder: string;
let admin: pg.Client;
beforeAll(async () => {
  test = await testDatabase();
  await migrate({ connection: test.url, serverName: 'dumped.example', now: 1 });
  folder = mkdtempSync(path.join(tmpdir(), 'pons-dump-'));
  admin = new pg.Client({ connectionString: test.url });
  await admin.connect();
  await fill();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await admin.end();
  await test.drop();
});

/** A room of three events, its creator a member; accounts; bytes; text with every kind of escape. */
async function fill(): Promise<void> {
  const [create = 0, member = 0] = await createStateKeys(test.db)([
    { type: 'm.room.create', stateKey: '' },
    { type: 'm.room.member', stateKey: '@a:x' },
  ]);
  const event = (eventNid: number, keyNid: number | null, prevEvents: string[]): EventRow => ({
    eventNid,
    eventId: `$${eventNid}`,
    at: eventNid - 1,
    type: 't',
    sender: '@a:x',
    keyNid,
    depth: eventNid,
    originServerTs: 1,
    line: 0,
    stateVersion: eventNid - 1,
    outlier: false,
    rejected: false,
    softFailed: false,
    authChain: null,
    authChainSeq: null,
    transactionKey: 'D\ntxn',
    trace: null,
    json: `{"prev_events":${JSON.stringify(prevEvents)},"body":"\\u0000 \\\\ \\" 👍 \\n"}`,
    authEventIds: [],
  });
  const door = createDoor(test.db, { clock: systemClock, random: systemRandom, onCommitted: () => {} });
  await door.commit({
    room: {
      roomNid: 1,
      builtOn: -1,
      create: { roomId: '!r:x', roomVersion: '12' },
      stateVersion: 2,
      extremities: [3],
      depth: 3,
      joined: 1,
      invited: 0,
      nextLine: 1,
      events: [event(1, create, []), event(2, member, ['$1']), event(3, null, ['$2'])],
      state: [
        { line: 0, keyNid: create, fromVersion: 1, eventNid: 1 },
        { line: 0, keyNid: member, fromVersion: 2, eventNid: 2 },
      ],
      members: [
        {
          userId: '@a:x',
          membership: 'join',
          eventNid: 2,
          sender: '@a:x',
          local: true,
          displayname: 'A "quoted" \\ name\n',
          avatarUrl: null,
          at: 1,
        },
      ],
      relations: [],
      redactions: [],
    },
    positions: 3,
  });
  await admin.query("insert into secrets values ('key', '\\x00ff10')");
  await admin.query("insert into users (user_id, created_ts) values ('@a:x', 1)");
  await admin.query("insert into devices (user_id, device_id, created_ts) values ('@a:x', 'D', 1)");
  await admin.query(
    "insert into access_tokens (token_hash, user_id, device_id, created_ts) values ('\\xab', '@a:x', 'D', 1)",
  );
}

async function withEmpty<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `pons_empty_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name} template template0`);
  try {
    return await work(test.url.replace(/pons_test_\w+/, name));
  } finally {
    await admin.query(`drop database ${name} with (force)`);
  }
}

async function contents(url: string): Promise<Record<string, unknown[]>> {
  const session = await openSession(url, () => {});
  const all: Record<string, unknown[]> = {};
  for (const table of await dataTables(session)) {
    all[table] = await session.query({ name: '', text: `select * from "${table}" order by 1, 2` });
  }
  all['nids'] = await session.query({ name: '', text: 'select last_value from nids' });
  await session.close();
  return all;
}

describe('dump and restore', () => {
  it('an empty database filled from a dump holds the same rows, agrees with itself and can be written to', async () => {
    const file = path.join(folder, 'whole.gz');
    const signingKey = 'ed25519 a_test not-a-real-key\n';
    const counts = await dumpDatabase({ connection: test.url, file, signingKey });
    expect(counts).toMatchObject({ events: 3, users: 1, access_tokens: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await withEmpty(async (url) => {
      const kept: unknown[] = [];
      const keepKey = (text: unknown) => () => kept.push(text);
      expect(await restoreDatabase({ connection: url, file, now: 2, keepKey })).toEqual(counts);
      expect(kept).toEqual([]); // and taken back it is not
      expect(await contents(url)).toEqual(await contents(test.url));
      expect(await checkDatabase(url)).toEqual(await checkDatabase(test.url));
      const session = await openSession(url, () => {});
      await session.query({ name: '', text: "insert into state_keys (type, state_key) values ('new', '')" });
      await session.close();
      await expect(restoreDatabase({ connection: url, file, now: 2 })).rejects.toThrow(
        'belongs to dumped.example already',
      );
    });
  });

  it('application services get no transaction id again that they had after the dump', async () => {
    const file = path.join(folder, 'ids.gz');
    await admin.query("insert into appservice_cursors values ('irc', 3, 1000, 3, 'x')");
    await dumpDatabase({ connection: test.url, file });
    await admin.query("delete from appservice_cursors where appservice_id = 'irc'");
    await withEmpty(async (url) => {
      await restoreDatabase({ connection: url, file, now: 5_000 });
      const session = await openSession(url, () => {});
      const rows = await session.query({ name: '', text: 'select position, next_txn_id from appservice_cursors' });
      await session.close();
      expect(rows).toEqual([{ position: 3, next_txn_id: 5_000 }]);
    });
  });

  it('a file that was cut off, or is something else, leaves an empty database that a whole one can fill', async () => {
    const whole = path.join(folder, 'whole.gz');
    const cut = path.join(folder, 'cut.gz');
    const bytes = readFileSync(whole);
    writeFileSync(cut, bytes.subarray(0, bytes.length - 40));
    const other = path.join(folder, 'other.gz');
    writeFileSync(other, 'plain text');
    await withEmpty(async (url) => {
      for (const file of [cut, other, path.join(folder, 'missing.gz')]) {
        await expect(restoreDatabase({ connection: url, file, now: 2 })).rejects.toThrow(RestoreError);
      }
      await restoreDatabase({ connection: url, file: whole, now: 2 });
    });
  });

  it('a key that cannot be kept leaves an empty database that can be filled again; rows that cannot be put in take it back', async () => {
    const whole = path.join(folder, 'whole.gz');
    await withEmpty(async (url) => {
      const refusing = () => {
        throw new Error('no place for the key');
      };
      await expect(restoreDatabase({ connection: url, file: whole, now: 2, keepKey: refusing })).rejects.toThrow(
        'no place for the key',
      );
      const steps: unknown[] = [];
      const keepKey = (text: string | undefined) => {
        steps.push(text);
        return () => steps.push('taken back');
      };
      const cut = { connection: url, file: path.join(folder, 'cut.gz'), now: 2, keepKey };
      await expect(restoreDatabase(cut)).rejects.toThrow(RestoreError);
      expect(steps).toEqual(['ed25519 a_test not-a-real-key\n', 'taken back']);
      await restoreDatabase({ connection: url, file: whole, now: 2, keepKey });
      expect(steps).toHaveLength(3);
    });
  });

  it('a dump into a folder that is not there, or over one, says so', async () => {
    for (const file of [path.join(folder, 'nowhere', 'x.dump'), folder])
      await expect(dumpDatabase({ connection: test.url, file })).rejects.toThrow(DumpError);
    expect(existsSync(`${folder}.part`)).toBe(false);
  });

  it('a dump that fails leaves no file', async () => {
    const file = path.join(folder, 'never.gz');
    const nowhere = test.url.replace(/pons_test_\w+/, 'pons_not_there');
    await expect(dumpDatabase({ connection: nowhere, file })).rejects.toMatchObject({ code: '3D000' });
    expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
  });
});
