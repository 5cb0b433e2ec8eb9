// Who counts as an active user, on which day, with how few writes, and who has no place any more.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import type { Requester } from '../platform/requester.ts';
import type { Database } from '../storage/database.ts';
import { purgeActiveUsers } from '../storage/purge.ts';
import { insertUser } from '../storage/tables/users.ts';
import { ActiveUsers, type ActiveUsersLimit } from './active-users.ts';

let database: TestDatabase;
/** Days since 1970, and parts of one. */
let day = 20_000;
let monotonicMs = 1;
let written = 0;

const id = (name: string) => `@${name}:pons.test`;
const session = (name: string, more: Partial<Requester> = {}): Requester => ({
  userId: id(name),
  deviceId: 'D',
  admin: false,
  guest: false,
  rateLimited: true,
  ...more,
});

/** A session asks for something. */
async function asks(users: ActiveUsers, name: string, more: Partial<Requester> = {}, operation = 'sync') {
  await users.note(session(name, more), operation);
}

/** One process. */
function usersOf(limit: ActiveUsersLimit | null = null): ActiveUsers {
  const db: Pick<Database, 'query' | 'transaction'> = {
    query: (statement, values) => {
      written += statement.name === 'active_users.note' ? 1 : 0;
      return database.db.query(statement, values);
    },
    transaction: (work) => database.db.transaction(work),
  };
  return new ActiveUsers({ db, now: () => day * 86_400_000, monotonicMs: () => monotonicMs, limit });
}

beforeAll(async () => {
  database = await testDatabase();
  const people = ['alice', 'bob', 'carol', 'dora'].map((name) => ({ name, guest: false, appserviceId: null }));
  const others = [
    { name: '_irc_ghost', guest: false, appserviceId: 'irc' },
    { name: 'visitor', guest: true, appserviceId: null },
  ];
  for (const { name, guest, appserviceId } of [...people, ...others])
    await insertUser(database.db, {
      userId: id(name),
      passwordHash: null,
      createdTs: 0,
      admin: false,
      guest,
      appserviceId,
    });
});
afterAll(() => database.drop());
beforeEach(async () => {
  await purgeActiveUsers(database.db, day + 1);
  day = 20_000;
  written = 0;
});

describe('active users', () => {
  it('are people, once each, however often they ask and in however many processes', async () => {
    const [one, other] = [usersOf(), usersOf()];
    for (let times = 0; times < 100; times += 1)
      for (const users of [one, other]) expect(users.note(session('alice'), 'sync')).toBeUndefined();
    await asks(one, 'bob');
    for (const name of ['_irc_ghost', 'nobody']) await asks(one, name);
    await asks(one, 'visitor', { guest: true });
    await asks(one, 'carol', { locked: true });
    expect(await one.counts()).toEqual({ today: 2, yesterday: 0, month: 2 });
    expect(await other.counts()).toEqual({ today: 2, yesterday: 0, month: 2 });
    for (const users of [one, other]) await asks(users, 'alice');
    expect(await one.counts()).toMatchObject({ today: 2 });
    expect(written).toBe(2);
  });

  it('are counted by days: today, yesterday, and thirty with today', async () => {
    const users = usersOf();
    await asks(users, 'alice');
    await asks(users, 'bob');
    await users.flush();
    day += 1;
    await asks(users, 'bob');
    await asks(users, 'carol');
    expect(await users.counts()).toEqual({ today: 2, yesterday: 2, month: 3 });
    day += 1;
    expect(await users.counts()).toEqual({ today: 0, yesterday: 2, month: 3 });
    day += 27;
    expect(await users.counts()).toEqual({ today: 0, yesterday: 0, month: 3 });
    day += 1;
    expect(await users.counts()).toEqual({ today: 0, yesterday: 0, month: 2 });
    await purgeActiveUsers(database.db, day - 30);
    expect(await usersOf().counts()).toEqual({ today: 0, yesterday: 0, month: 2 });
  });

  it('are not forgotten when they could not be written', async () => {
    const broken = usersOf();
    await asks(broken, 'alice');
    const { db } = database;
    const query = db.query.bind(db);
    Object.assign(db, { query: () => Promise.reject(new Error('away')) });
    await expect(broken.flush()).rejects.toThrow('away');
    Object.assign(db, { query });
    expect(await broken.counts()).toMatchObject({ today: 1 });
  });
});

describe('a limit', () => {
  const limit = { max: 2, adminContact: 'mailto:root@pons.test' };
  const refusal = expect.objectContaining({
    errcode: 'M_RESOURCE_LIMIT_EXCEEDED',
    status: 403,
    fields: { limit_type: 'monthly_active_user', admin_contact: 'mailto:root@pons.test' },
  }) as Error;

  it('lets in as many people as it says, keeps those who were here, and asks once a day for each', async () => {
    const users = usersOf(limit);
    await asks(users, 'alice');
    await asks(users, 'bob');
    await expect(asks(users, 'carol')).rejects.toEqual(refusal);
    expect(users.note(session('alice'), 'sync')).toBeUndefined();
    await asks(usersOf(limit), 'bob');
    await asks(users, 'carol', {}, 'logout');
    expect(await users.counts()).toEqual({ today: 2, yesterday: 0, month: 2 });
  });

  it('never holds for administrators and users of application services', async () => {
    const users = usersOf({ ...limit, max: 1 });
    await asks(users, 'alice');
    await asks(users, '_irc_ghost');
    await asks(users, 'bob', { admin: true });
    expect(await users.counts()).toMatchObject({ month: 2 });
  });

  it('lets somebody in when a place is free again', async () => {
    const users = usersOf({ ...limit, max: 1 });
    await asks(users, 'alice');
    await expect(asks(users, 'carol')).rejects.toEqual(refusal);
    day += 30;
    await expect(asks(users, 'carol')).rejects.toEqual(refusal); // remembered for a minute
    monotonicMs += 60_001;
    await asks(users, 'carol');
    expect(await users.counts()).toEqual({ today: 1, yesterday: 0, month: 1 });
  });

  it('gives the last place to one, also when many come at once to several processes', async () => {
    const names = ['alice', 'bob', 'carol', 'dora'];
    const answers = await Promise.allSettled(names.map((name) => asks(usersOf(limit), name)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});
