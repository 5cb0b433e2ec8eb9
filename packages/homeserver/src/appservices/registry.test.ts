// The registry and what asks it: tokens, namespaces, who may make what, loading from a folder that changes, masquerading.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MatrixError } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { ensureDevice } from '../storage/tables/devices.ts';
import { deactivateUser, findUser, insertUser } from '../storage/tables/users.ts';
import { exclusiveNamespaces } from './exclusive-namespaces.ts';
import { createRegistrationLoader, type LoadReport } from './load-registrations.ts';
import { createMasquerading } from './masquerade.ts';
import { createRegistry } from './registry.ts';

const server = 'example.org';
let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'pons-registrations-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

function yaml(id: string, more = ''): string {
  return `id: ${id}
url: null
as_token: as-${id}
hs_token: hs-${id}
sender_localpart: ${id}bot
rate_limited: false
namespaces:
  users: [{regex: "@_${id}_.*", exclusive: true}]
  aliases: [{regex: "#_${id}_.*", exclusive: true}]
${more}`;
}

function loader() {
  const registry = createRegistry(server);
  const reports: LoadReport[] = [];
  const clock = fakeClock();
  const loads = createRegistrationLoader({
    registry,
    places: { files: [], folder },
    db: database.db,
    clock,
    report: (report) => reports.push(report),
  });
  return { registry, reports, loads, clock };
}

const errcodeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'none';
  } catch (error) {
    return error instanceof MatrixError ? error.errcode : String(error);
  }
};

describe('loading', () => {
  it('leaves out what is broken or claims what is taken, with file and line, and loads the rest', async () => {
    await writeFile(path.join(folder, 'a.yaml'), yaml('irc'));
    await writeFile(path.join(folder, 'b.yaml'), yaml('irc'));
    await writeFile(path.join(folder, 'c.yaml'), yaml('slack').replace('as-slack', 'as-irc'));
    await writeFile(path.join(folder, 'd.yaml'), 'id: [');
    await writeFile(path.join(folder, 'e.yaml'), yaml('good'));
    const { registry, loads } = loader();
    const report = await loads.load();
    expect(report.loaded).toEqual(['irc', 'good']);
    expect(report.complaints.map(({ file, line, path: place }) => [path.basename(file), line, place])).toEqual([
      ['b.yaml', 1, 'id'],
      ['c.yaml', 3, 'as_token'],
      ['d.yaml', 1, ''],
    ]);
    expect(registry.byToken('as-good')?.id).toBe('good');
    expect(registry.byToken('hs-good')).toBeUndefined();
    expect(await findUser(database.db, '@goodbot:example.org')).toMatchObject({ appservice_id: 'good' });
  });

  it('keeps a registration that was good before its file was broken, and drops one whose file is gone', async () => {
    const { registry, loads, clock } = loader();
    await loads.load();
    const before = registry.byId('good');
    await writeFile(path.join(folder, 'e.yaml'), yaml('good', 'protocols: 3'));
    expect((await loads.load()).loaded).toEqual(['irc', 'good']);
    expect(registry.byId('good')).toBe(before);
    await rm(path.join(folder, 'e.yaml'));
    // An editor may be at work.
    expect((await loads.load()).loaded).toEqual(['irc', 'good']);
    await clock.advance(1000);
    expect((await loads.load()).loaded).toEqual(['irc']);
  });

  it('follows the folder while running', async () => {
    const { registry, loads, clock } = loader();
    await loads.load();
    const changed = new Promise((resolve) => registry.onChange(resolve));
    await loads.watch();
    await writeFile(path.join(folder, '.new'), yaml('late'));
    await rename(path.join(folder, '.new'), path.join(folder, 'late.yaml'));
    while (clock.pending < 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1000);
    expect(await changed).toMatchObject({ added: [{ id: 'late' }], removed: [] });
    loads.stop();
  });
});

describe('namespaces', () => {
  it.each([
    ['@_irc_a:example.org', undefined, 'M_EXCLUSIVE'],
    ['@_irc_a:example.org', 'irc', 'none'],
    ['@_irc_a:example.org', 'late', 'M_EXCLUSIVE'],
    ['@ircbot:example.org', undefined, 'M_EXCLUSIVE'],
    ['@ircbot:example.org', 'irc', 'none'],
    ['@alice:example.org', undefined, 'none'],
    ['@alice:example.org', 'irc', 'M_EXCLUSIVE'],
    ['#_irc_x:example.org', undefined, 'M_EXCLUSIVE'],
    ['#_irc_x:example.org', 'irc', 'none'],
    ['#x:example.org', 'irc', 'M_EXCLUSIVE'],
  ])('making %s as %s: %s', async (id, asking, errcode) => {
    const { registry, loads } = loader();
    await loads.load();
    expect(await errcodeOf(() => exclusiveNamespaces(registry).assertMayCreate(id, asking))).toBe(errcode);
  });
});

describe('masquerading', () => {
  it('is as the sender, or as a user of the namespace who is registered, with a device of theirs', async () => {
    const { registry, loads } = loader();
    await loads.load();
    const appservice = registry.byId('irc');
    if (appservice === undefined) throw new Error('irc is not loaded');
    const { db } = database;
    const user = { passwordHash: null, createdTs: 1, admin: false, guest: false, appserviceId: 'irc' };
    await insertUser(db, { ...user, userId: '@_irc_a:example.org' });
    await insertUser(db, { ...user, userId: '@_irc_gone:example.org' });
    await deactivateUser(db, '@_irc_gone:example.org', 1);
    await ensureDevice(db, { userId: '@_irc_a:example.org', deviceId: 'D', displayName: null, createdTs: 1 });
    const masquerading = createMasquerading(db);
    const actAs = (userId?: string, deviceId?: string) =>
      masquerading.actAs({
        appservice,
        ...(userId === undefined ? {} : { userId }),
        ...(deviceId === undefined ? {} : { deviceId }),
      });
    expect(await actAs()).toEqual({
      userId: '@ircbot:example.org',
      appserviceId: 'irc',
      admin: false,
      guest: false,
      rateLimited: false,
    });
    expect(await actAs('@_irc_a:example.org')).toMatchObject({ userId: '@_irc_a:example.org' });
    expect(actAs('@_irc_a:example.org')).not.toBeInstanceOf(Promise);
    expect(await actAs('@_irc_a:example.org', 'D')).toMatchObject({ deviceId: 'D' });
    const refusals: [string, string | undefined, string][] = [
      ['@_irc_a:example.org', 'NOPE', 'M_UNKNOWN_DEVICE'],
      ['@_irc_a:example.org', 'a\0b', 'M_UNKNOWN_DEVICE'],
      ['@_irc_new:example.org', undefined, 'M_FORBIDDEN'],
      ['@_irc_\0:example.org', undefined, 'M_FORBIDDEN'],
      ['@_irc_gone:example.org', undefined, 'M_USER_DEACTIVATED'],
      ['@alice:example.org', undefined, 'M_FORBIDDEN'],
      ['@_irc_a:example.org.evil.example', undefined, 'M_FORBIDDEN'],
      ['@_irc_a:example.org\n@alice:example.org', undefined, 'M_FORBIDDEN'],
      ['', undefined, 'M_FORBIDDEN'],
      ['@:example.org', undefined, 'M_FORBIDDEN'],
    ];
    for (const [userId, deviceId, errcode] of refusals)
      expect([userId, await errcodeOf(() => actAs(userId, deviceId))]).toEqual([userId, errcode]);
    await deactivateUser(db, '@_irc_a:example.org', 2);
    masquerading.forgetUser('@_irc_a:example.org');
    expect(await errcodeOf(() => actAs('@_irc_a:example.org'))).toBe('M_USER_DEACTIVATED');
  });

  it('knows whom it has just registered, unless an account changed meanwhile', async () => {
    const { registry, loads } = loader();
    await loads.load();
    const appservice = registry.byId('irc');
    if (appservice === undefined) throw new Error('irc is not loaded');
    const masquerading = createMasquerading(database.db);
    const actAs = (userId: string) => masquerading.actAs({ appservice, userId });
    const remember = masquerading.registering();
    const tooLate = masquerading.registering();
    remember(['@_irc_new:example.org']);
    expect(actAs('@_irc_new:example.org')).toMatchObject({ userId: '@_irc_new:example.org' });
    masquerading.forgetUser('@_irc_other:example.org');
    tooLate(['@_irc_other:example.org']);
    expect(await errcodeOf(() => actAs('@_irc_other:example.org'))).toBe('M_FORBIDDEN');
  });
});
