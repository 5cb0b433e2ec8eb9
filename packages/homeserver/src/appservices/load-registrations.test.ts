// Loading again and again from places that change under our hands, by a clock that the test turns.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { findCursor, setPaused } from '../storage/tables/appservice-cursors.ts';
import { createRegistrationLoader, type LoadReport } from './load-registrations.ts';
import { narrowingKey, narrowToken, openNarrowedToken } from './narrowed-token.ts';
import { createRegistry } from './registry.ts';

let database: TestDatabase;
let base: string;
let folder: string;
let files: string[];
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'pons-load-'));
  onTestFinished(() => rm(base, { recursive: true }));
  folder = path.join(base, 'appservices');
  files = [];
  await mkdir(folder);
});

const text = (id: string, asToken = `as-${id}`) => `id: ${id}
url: null
as_token: ${asToken}
hs_token: hs-${id}
sender_localpart: ${id}bot
namespaces: {users: [{regex: "@_${id}_.*", exclusive: true}]}
`;
const write = (name: string, content: string) => writeFile(path.join(folder, name), content);

function loader(clock = fakeClock()) {
  const registry = createRegistry('example.org', () => clock.now());
  const reports: LoadReport[] = [];
  const told: (readonly string[])[] = [];
  const loads = createRegistrationLoader({
    registry,
    places: { files, folder },
    db: database.db,
    clock,
    report: (report) => reports.push(report),
    changed: async (ids) => void told.push(ids),
  });
  onTestFinished(() => loads.stop());
  const ids = () => registry.all().map(({ id }) => id);
  /** Lets time pass until it is so; the files themselves are read in real time. */
  const until = (seconds: number, expected: string[]) =>
    expect
      .poll(async () => {
        await clock.advance(seconds * 1000);
        return ids();
      })
      .toEqual(expected);
  return { registry, loads, clock, reports, told, ids, until };
}

it('takes a file of the configuration up as it comes, changes and goes, and tells other processes', async () => {
  files = [path.join(base, 'single.yaml')];
  const { loads, registry, until, told } = loader();
  await loads.load();
  await loads.watch();
  await writeFile(files[0] ?? '', text('single'));
  await until(1, ['single']);
  await writeFile(files[0] ?? '', text('single', 'as-new'));
  await expect.poll(() => registry.byToken('as-new')?.id).toBeUndefined(); // nothing before its time
  await until(1, ['single']);
  await expect.poll(() => registry.byToken('as-new')?.id).toBe('single');
  await rm(files[0] ?? '');
  await until(1, []);
  await expect.poll(() => told).toEqual([['single'], ['single'], ['single']]);
});

it('keeps what runs while the folder is away, and sees by its own look when it is back', async () => {
  await write('kept.yaml', text('kept'));
  const { loads, until, reports, clock, ids } = loader();
  await loads.load();
  await loads.watch();
  await rename(folder, `${folder}-away`);
  await expect
    .poll(async () => {
      await clock.advance(10_000);
      return reports.at(-1)?.complaints.map(({ reason }) => reason);
    })
    .toEqual(['is gone: what was loaded from it goes on']);
  expect(ids()).toEqual(['kept']);
  // Another folder by the same name: the watch of the old one hears nothing of it.
  await mkdir(folder);
  await write('other.yaml', text('other'));
  await until(10, ['other']);
});

it('is not kept from a file of the folder by what else is written there all the time', async () => {
  const { loads, clock, ids } = loader();
  await loads.load();
  await loads.watch();
  await write('bridge.yaml', text('bridge'));
  let lines = 0;
  await expect
    .poll(async () => {
      await write('bridge.log', `${(lines += 1)}`);
      await clock.advance(100);
      return ids();
    })
    .toEqual(['bridge']);
});

it('leaves an id with the one that runs, whatever comes before it in order', async () => {
  await write('m.yaml', text('irc'));
  const { loads, registry } = loader();
  await loads.load();
  await write('a.yaml', text('irc', 'as-thief'));
  const { complaints } = await loads.load();
  expect(complaints.map(({ file, line, path: place }) => [path.basename(file), line, place])).toEqual([
    ['a.yaml', 1, 'id'],
  ]);
  expect(registry.byToken('as-irc')?.id).toBe('irc');
  expect(registry.byToken('as-thief')).toBeUndefined();
});

it('leaves an as_token with the one that had it first, to the end of its overlap, and lets the other go on as it was', async () => {
  await write('z.yaml', text('first'));
  await write('b.yaml', text('later'));
  const { loads, registry, clock } = loader();
  await loads.load();
  const refused = ({ complaints }: LoadReport) =>
    complaints.map(({ file, line, path: place }) => `${path.basename(file)}:${line} ${place}`);
  const owners = (...tokens: string[]) => tokens.map((token) => registry.byToken(token)?.id);

  await write('b.yaml', text('later', 'as-first'));
  expect(refused(await loads.load())).toEqual(['b.yaml:3 as_token']);
  expect(owners('as-first', 'as-later')).toEqual(['first', 'later']);
  // The overlap is its own too, and the tables say so to a process that begins now.
  await write('z.yaml', text('first', 'as-first-2'));
  expect(refused(await loads.load())).toEqual(['b.yaml:3 as_token']);
  expect(owners('as-first', 'as-first-2', 'as-later')).toEqual(['first', 'first', 'later']);
  const next = loader(clock);
  expect(refused(await next.loads.load())).toEqual(['b.yaml:3 as_token']);
  expect(next.registry.byToken('as-first')?.id).toBe('first');

  await write('b.yaml', text('later'));
  expect(refused(await loads.load())).toEqual([]);
  expect(owners('as-first', 'as-first-2', 'as-later')).toEqual(['first', 'first', 'later']);
  await clock.advance(3_600_000);
  await write('b.yaml', text('later', 'as-first'));
  expect(refused(await loads.load())).toEqual([]); // it is nobody's by now
  expect(owners('as-first', 'as-later')).toEqual(['later', 'later']);
});

it('lets a file that claims the id of another go on as it was, and one that only renames itself have its new name', async () => {
  await write('z.yaml', text('taken'));
  await write('b.yaml', text('thief', 'as-thief-2'));
  const { loads, ids } = loader();
  await loads.load();
  await write('b.yaml', text('taken', 'as-thief-2'));
  expect((await loads.load()).complaints.map(({ path: place }) => place)).toEqual(['id']);
  expect(ids()).toEqual(['thief', 'taken']);
  await write('b.yaml', text('renamed', 'as-thief-2'));
  expect((await loads.load()).complaints).toEqual([]);
  expect(ids()).toEqual(['renamed', 'taken']);
});

it('lets the as_token that a changed file replaced live for an hour, over a restart too', async () => {
  await write('turned.yaml', text('turned'));
  const first = loader();
  await first.loads.load();
  const narrowed = narrowToken(narrowingKey('as-turned'), 'example.org', { kinds: ['read'] });
  const opens = ({ registry, clock }: ReturnType<typeof loader>) =>
    openNarrowedToken(narrowed, (keyId) => registry.byNarrowingKey(keyId), clock.now())?.appservice.id;
  await write('turned.yaml', text('turned', 'as-turned-2'));
  await first.loads.load();
  const second = loader(first.clock);
  await second.loads.load();
  expect(opens(second)).toBeUndefined();
  for (const { registry } of [first, second]) {
    expect(registry.byToken('as-turned')?.id).toBe('turned');
    expect(registry.byToken('as-turned-2')?.id).toBe('turned');
  }
  // What was narrowed from it lives as long, in a process that has seen the token itself.
  expect([opens(first), opens(second)]).toEqual(['turned', 'turned']);
  await first.clock.advance(3_600_000);
  for (const { registry } of [first, second]) expect(registry.byToken('as-turned')).toBeUndefined();
  expect(opens(first)).toBeUndefined();
});

it('says when a replaced token has ended, for whoever is connected by it', async () => {
  await write('socket.yaml', text('socket'));
  const { loads, registry, clock } = loader();
  await loads.load();
  await loads.watch();
  await write('socket.yaml', text('socket', 'as-socket-2'));
  await expect
    .poll(async () => {
      await clock.advance(1_000);
      return registry.byToken('as-socket-2')?.id;
    })
    .toBe('socket');
  const changes: string[] = [];
  registry.onChange(({ added, removed }) => changes.push(`${added.length} ${removed.length}`));
  await clock.advance(3_500_000);
  expect(registry.byToken('as-socket')?.id).toBe('socket');
  await expect
    .poll(async () => {
      await clock.advance(100_000);
      return changes;
    })
    .toEqual(['0 0']);
  expect(registry.byToken('as-socket')).toBeUndefined();
});

describe('a file that was removed while no server ran, and is there again later', () => {
  const lease = 'select pg_advisory_lock(hashtextextended($1, 7))';
  const removed = async (id: string) => {
    const cursor = async () => (await findCursor(database.db, id))?.position;
    await write(`${id}.yaml`, text(id));
    await loader().loads.load();
    await rm(path.join(folder, `${id}.yaml`));
    const before = await cursor();
    await database.db.query({ name: `test.grow_${id}`, text: 'update position set value = value + 10' });
    /** Where it stands after a start without the file, and another one with it. */
    const back = async () => {
      await loader().loads.load();
      await write(`${id}.yaml`, text(id));
      await loader().loads.load();
      return cursor();
    };
    return { before, back };
  };

  it('begins at the present', async () => {
    const { before, back } = await removed('away');
    expect(await back()).toBe((before ?? 0) + 10);
  });

  it('goes on where it was when an operator had paused it: somebody wants what came meanwhile', async () => {
    const { before, back } = await removed('paused');
    await setPaused(database.db, 'paused', true);
    expect(await back()).toBe(before);
  });

  it('goes on where it was when another process sent to it all the time', async () => {
    const { before, back } = await removed('elsewhere');
    const other = new pg.Client({ connectionString: database.url });
    await other.connect();
    await other.query(lease, ['appservice:elsewhere']);
    expect(await back()).toBe(before);
    await other.end();
  });

  it('goes on where it was when a file could not be read meanwhile: it may have been this one', async () => {
    const { before, back } = await removed('broken');
    await write('unreadable.yaml', 'id: [');
    expect(await back()).toBe(before);
  });
});

it('ends all tokens of one that is removed, the replaced ones too', async () => {
  await write('gone.yaml', text('gone'));
  const { loads, registry, clock } = loader();
  await loads.load();
  await write('gone.yaml', text('gone', 'as-gone-2'));
  await loads.load();
  await rm(path.join(folder, 'gone.yaml'));
  await loads.load();
  await clock.advance(1_000);
  await loads.load();
  await write('gone.yaml', text('gone', 'as-gone-3'));
  await loads.load();
  expect(['as-gone', 'as-gone-2', 'as-gone-3'].map((token) => registry.byToken(token)?.id)).toEqual([
    undefined,
    undefined,
    'gone',
  ]);
});
