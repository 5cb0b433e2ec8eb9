// A delivery over a real database and real HTTP, with a clock whose hands the test turns.
import { randomBytes } from 'node:crypto';
import { type Registration, validateRegistration } from '@pons/registration';
import { AppserviceDouble } from '../../../testkit/src/appservice.ts';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { testDatabase } from '../../../testkit/src/database.ts';
import { createCallAppservice } from '../../src/appservice-delivery/call-appservice.ts';
import { type AppserviceDelivery, createDelivery } from '../../src/appservice-delivery/delivery.ts';
import { createRegistry, toAppservice } from '../../src/appservices/registry.ts';
import { createDeliveryMemory } from '../../src/appservice-delivery/delivery-memory.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createOutbound } from '../../src/platform/outbound-fetch.ts';
import { randomFrom } from '../../src/platform/random.ts';
import type { Log } from '../../src/platform/telemetry/log.ts';
import { noTracing } from '../../src/platform/telemetry/trace.ts';
import type { Commit } from '../../src/storage/commit.ts';
import { StorageError } from '../../src/storage/database.ts';
import { createDoor } from '../../src/storage/group-commit.ts';
import { streamWriter } from './stream-writer.ts';

export const serverName = 'example.org';
const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** A registration of a bridge whose ghosts begin with its id. */
export function registrationOf(id: string, url: string | null, more: Record<string, unknown> = {}): Registration {
  const validation = validateRegistration({
    id,
    url,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `${id}bot`,
    namespaces: { users: [{ regex: `@_${id}_.*`, exclusive: true }] },
    ...more,
  });
  if (validation.outcome === 'refused') throw new Error(JSON.stringify(validation.problems));
  return validation.registration;
}

/** When a delivery is killed: around the n-th step of an application service's cursor. */
export interface Death {
  readonly appserviceId: string;
  /** 0: not any more. */
  step: number;
  readonly when: 'before' | 'after';
  isDead: boolean;
  steps: number;
}

// After its death nothing that it waits for ever comes: it writes nothing and sends nothing any more.
async function mortal<T>(
  death: Death | undefined,
  [name, id]: readonly unknown[],
  query: () => Promise<T>,
): Promise<T> {
  const forever = () => new Promise<never>(() => {});
  if (death === undefined) return query();
  if (death.isDead) return forever();
  const isStep = typeof name === 'string' && /^appservice_cursors\.(full_)?step$/.test(name);
  const dies = isStep && id === death.appserviceId && (death.steps += 1) === death.step;
  if (dies && death.when === 'before') {
    death.isDead = true;
    return forever();
  }
  const answer = await query();
  if (dies) death.isDead = true;
  return death.isDead ? forever() : answer;
}

/** Everything a test needs; `close` at its end. */
export async function deliveryFixture() {
  const database = await testDatabase();
  const outbound = createOutbound();
  const clock = fakeClock();
  const registry = createRegistry(serverName);
  const doubles: AppserviceDouble[] = [];
  let deliveries: AppserviceDelivery[] = [];
  const call = createCallAppservice({ fetch: outbound.fetch, clock, allowPrivate: true });
  const fromMemory = { on: true };
  const told = { on: true };
  const away = { on: false };
  const refusedLeases = new Set<string>();
  const counts = { held: Promise.resolve() };
  const counted = { statements: 0 };
  let fences = 0;
  let processes = 0;
  const memory = createDeliveryMemory(() => clock.now());
  const holders = new Map<string, number>();
  // A later process is given every lease without the earlier one being told: as it is when that has hung for too long.
  const giveBack = (name: string, process: number) => {
    if (holders.get(name) === process) holders.delete(name);
  };
  const leasesOf = (process: number) => ({
    take: async (name: string) => {
      if (refusedLeases.has(name)) throw new Error(`no lease of ${name}`);
      if ((holders.get(name) ?? 0) > process) return undefined;
      holders.set(name, process);
      return { fence: (fences += 1), release: async () => giveBack(name, process) };
    },
  });
  const makeRoom = streamWriter(database.db, serverName, (first, commit) => {
    for (const delivery of deliveries) {
      if (fromMemory.on) delivery.committed(first, commit);
      if (told.on) delivery.news(first);
    }
  });

  const door = createDoor(database.db, {
    clock: systemClock,
    random: randomFrom(randomBytes),
    onCommitted({ commits, last }) {
      for (const delivery of deliveries) {
        if (fromMemory.on) for (const { first, commit } of commits) delivery.committed(first, commit);
        if (told.on) delivery.news(last);
      }
    },
  });

  return {
    db: database.db,
    clock,
    registry,
    call,
    makeRoom,
    /** False: everything is read back from the database, as what other processes write is. */
    fromMemory,
    /** False: nobody is told that the stream has grown. */
    told,
    /** True: the deliveries cannot reach the database. */
    away,
    /** Leases that cannot be asked for. */
    refusedLeases,
    /** First counts of members wait for it. */
    counts,
    /** Statements of the deliveries. */
    counted,
    /** What the deliveries remember. */
    memory,
    /** @param where  a path below its url, or a unix socket */
    async appservice(
      id: string,
      more: Record<string, unknown> = {},
      where: { readonly path?: string; readonly socket?: string } = {},
    ): Promise<AppserviceDouble> {
      const double = new AppserviceDouble();
      doubles.push(double);
      const url = `${await double.listen(where.socket)}${where.path ?? ''}`;
      registry.replace([...registry.all(), toAppservice(registrationOf(id, url, more), serverName, { file: id })]);
      return double;
    },
    /** Writes through the door what is no event. */
    async put(commit: Omit<Commit, 'positions'>): Promise<void> {
      const positioned = [commit.receipts, commit.ephemeralEvents, commit.toDevice, commit.deviceListChanges];
      const rows = positioned.map((list) => list?.length ?? 0);
      await door.commit({ ...commit, positions: rows.reduce((sum, count) => sum + count, 0) });
    },
    /** @param death  it is killed at this step of its cursor; everything it would still do never ends */
    async deliver(timeoutMs = 60_000, death?: Death): Promise<AppserviceDelivery> {
      const delivery = createDelivery({
        db: {
          ...database.db,
          query: (statement, values) =>
            away.on
              ? Promise.reject(new StorageError('unreachable', 'away'))
              : mortal(death, [statement.name, values?.[0]], () => {
                  counted.statements += 1;
                  return database.db.query(statement, values);
                }),
          transaction: async (work) => {
            await counts.held;
            return database.db.transaction(work);
          },
        },
        registry,
        leases: leasesOf((processes += 1)),
        clock,
        random: randomFrom(randomBytes),
        log: silent,
        tracing: noTracing,
        call,
        memory,
        timeoutMs,
      });
      await delivery.start();
      deliveries.push(delivery);
      return delivery;
    },
    /** Waits for something that comes by itself, a busy delivery's gathering of some milliseconds included. */
    async until(condition: () => boolean | Promise<boolean>, stepMs = 1): Promise<void> {
      while (!(await condition())) {
        await clock.advance(stepMs);
        // The hands never run ahead of the world, or what merely takes its time would count as timed out.
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    /** One that was killed is told nothing any more. */
    bury(delivery: AppserviceDelivery): void {
      deliveries = deliveries.filter((other) => other !== delivery);
    },
    /** Ends a delivery as at a stop. */
    async end(delivery: AppserviceDelivery): Promise<void> {
      deliveries = deliveries.filter((other) => other !== delivery);
      const stopping = delivery.stop();
      await clock.advance(10_000);
      await stopping;
    },
    async close(): Promise<void> {
      for (const delivery of deliveries) await this.end(delivery);
      await door.close();
      await outbound.close();
      for (const double of doubles) await double.close();
      await database.drop();
    },
  };
}

export type DeliveryFixture = Awaited<ReturnType<typeof deliveryFixture>>;

/** Waits for what sockets and the database do, without time passing on the clock. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 1));
}
