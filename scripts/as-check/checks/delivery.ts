// Checks of delivery: kills, retries, outages, poison, wake-ups, replays.

import { inParallel, sleep } from '../../../bench/measure.ts';
import { type Check, exactly, none } from '../check.ts';
import type { FakeService } from '../fake-service.ts';
import { part, type Stage, v3 } from '../stage.ts';

const broken = { status: 500 } as const;
const isTransaction = (path: string) => path.includes('/transactions/');

/** Sends as a ghost until the server is gone; a send without an answer is made again under its id. */
class Writer {
  readonly answered: string[] = [];
  #pending: string | undefined;
  #count = 0;
  readonly #stage: Stage;
  readonly #place: { readonly service: FakeService; readonly ghost: string; readonly room: string };
  constructor(stage: Stage, place: { readonly service: FakeService; readonly ghost: string; readonly room: string }) {
    this.#stage = stage;
    this.#place = place;
  }
  async run(until: () => boolean): Promise<void> {
    const { service, ghost, room } = this.#place;
    while (!until() || this.#pending !== undefined) {
      this.#pending ??= `${ghost}-${(this.#count += 1)}`;
      const where = `${v3}/rooms/${part(room)}/send/m.room.message/${part(this.#pending)}`;
      const body = { msgtype: 'm.text', body: this.#pending };
      const { event_id: id } = await this.#stage.as<{ event_id: string }>(service, 'PUT', where, { user: ghost, body });
      this.answered.push(id);
      this.#pending = undefined;
    }
  }
}

export const kill9: Check = {
  claim: 'killed at random moments under load, the homeserver loses, doubles, alters and reorders nothing',
  async run(stage, { full }) {
    const rounds = full ? 200 : 8;
    const service = await stage.service('irc');
    await stage.start();
    const alice = await stage.person('alice');
    const writers: Writer[] = [];
    const rooms: string[] = [];
    for (let index = 0; index < 4; index++) {
      const room = await stage.room(alice);
      const [ghost = ''] = await stage.joinAll(room);
      writers.push(new Writer(stage, { service, ghost, room }));
      rooms.push(room);
    }
    for (let turn = 0; turn < rounds; turn++) {
      let killed = false;
      const load = writers.map((writer) =>
        writer
          .run(() => false)
          .catch((error: unknown) => {
            if (!killed) throw error;
          }),
      );
      await sleep(100 + ((turn * 37) % 260));
      killed = true;
      await stage.end('SIGKILL');
      await Promise.all(load);
      await stage.restart('SIGKILL');
    }
    for (const writer of writers) await writer.run(() => true);
    const sent = writers.flatMap(({ answered }) => answered);
    await service.until(() => sent.every((id) => service.arrivals.has(id)), 'all that was answered');
    const order = [...service.arrivals.keys()];
    const disorder = writers.reduce((sum, { answered }) => {
      const at = answered.map((id) => order.indexOf(id));
      return sum + at.filter((place, index) => index > 0 && place < (at[index - 1] ?? 0)).length;
    }, 0);
    const messages = [...service.arrivals.values()].filter(({ type }) => type === 'm.room.message').length;
    return {
      kills: { value: rounds, unit: 'kills' },
      answered: { value: sent.length, unit: 'sends', least: rounds },
      missing: none(sent.filter((id) => !service.arrivals.has(id)).length, 'events'),
      surplus: none(messages - new Set(sent).size, 'events that nobody sent, or one send twice'),
      renumbered: none(service.again, 'events under two transaction ids'),
      altered: none(service.altered, 'transactions with different bytes'),
      out_of_order: none(disorder, 'events'),
    };
  },
};

export const retryIdentical: Check = {
  claim:
    'a transaction has the same bytes at each attempt, whatever happens meanwhile, ephemeral and to-device data included',
  async run(stage, { full }) {
    const failuresMax = full ? 9 : 4;
    const service = await stage.service('irc', { 'org.matrix.msc3202': true });
    service.keepsBodies = true;
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    const [ghost = ''] = await stage.joinAll(room);
    await stage.as(service, 'PUT', `${v3}/devices/BRIDGE`, { user: ghost, body: {} });
    await service.arrived([await stage.say(alice, room)]);
    for (let failures = 1; failures <= failuresMax; failures++) {
      service.reply = ({ path }) => (isTransaction(path) ? broken : undefined);
      const tries = service.tries;
      const { token } = alice;
      const message = await stage.say(alice, room);
      const typing = `${v3}/rooms/${part(room)}/typing/${part(alice.userId)}`;
      await stage.call('PUT', typing, { token, body: { typing: failures % 2 === 1, timeout: 30_000 } });
      await stage.call('POST', `${v3}/rooms/${part(room)}/receipt/m.read/${part(message)}`, { token, body: {} });
      const messages = { [ghost]: { '*': { failures } } };
      await stage.call('PUT', `${v3}/sendToDevice/com.example.check/d${failures}`, { token, body: { messages } });
      for (let failed = 1; failed <= failures; failed++) {
        await service.until(() => service.tries >= tries + failed, `attempt ${failed}`, 600_000);
        if (failed === 1) {
          const redact = `${v3}/rooms/${part(room)}/redact/${part(message)}/r${failures}`;
          await stage.call('PUT', redact, { token, body: {} });
        } else await stage.ping(service);
      }
      service.heal();
      await stage.ping(service);
      await service.arrived([await stage.say(alice, room)]);
    }
    const hashes = [...service.attempts.values()];
    await service.until(() => service.entries('to_device').length >= failuresMax, 'every to-device message');
    return {
      attempts: { value: service.tries, unit: 'attempts', least: failuresMax * 2 },
      retried: { value: hashes.filter((list) => list.length > 1).length, unit: 'transactions', least: failuresMax },
      altered: none(service.altered, 'transactions with different bytes'),
      renumbered: none(service.again, 'events under two transaction ids'),
      ephemeral: { value: service.entries('ephemeral').length, unit: 'typing and receipts', least: 1 },
      to_device: exactly(service.entries('to_device').length, failuresMax, 'to-device messages'),
    };
  },
};

export const catchup: Check = {
  claim: 'what was missed in an outage comes in full transactions, in order',
  async run(stage, { full }) {
    const events = full ? 10_000 : 2000;
    const service = await stage.service('irc');
    await stage.start();
    const alice = await stage.person('alice');
    const rooms: string[] = [];
    for (let index = 0; index < 8; index++) {
      rooms.push(await stage.room(alice));
      await stage.joinAll(rooms.at(-1) ?? '');
    }
    await service.arrived([await stage.say(alice, rooms[0] ?? '')]);
    const { port } = service;
    await service.close();
    const sent: string[][] = rooms.map(() => []);
    await inParallel(rooms.length, rooms.length, async (at) => {
      for (let index = 0; index < events / rooms.length; index++)
        sent[at]?.push(await stage.say(alice, rooms[at] ?? '', `${index}`));
    });
    const [accepted, startMs] = [service.accepted, performance.now()];
    service.port = port;
    await service.listen();
    await stage.ping(service);
    await service.arrived(sent.flat());
    const took = performance.now() - startMs;
    const order = [...service.arrivals.keys()];
    const place = new Map(order.map((id, index) => [id, index]));
    const disorder = sent.flatMap((ids) =>
      ids.filter((id, index) => index > 0 && (place.get(id) ?? 0) < (place.get(ids[index - 1] ?? '') ?? 0)),
    ).length;
    return {
      events: { value: sent.flat().length, unit: 'events' },
      // The transaction that failed when the outage began is its own.
      transactions: { value: service.accepted - accepted, unit: 'transactions', limit: events / 100 + 1 },
      doubled: none(service.again, 'events'),
      out_of_order: none(disorder, 'events'),
      took: { value: Math.round(took), unit: 'ms' },
    };
  },
};

export const poison: Check = {
  claim: 'no transaction is over 1 MiB, and an event that is refused for good is set aside without holding up the rest',
  async run(stage, { full }) {
    const large = full ? 200 : 60;
    const limitBytes = 1_048_576;
    const service = await stage.service('irc');
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    service.reply = ({ path }) => (isTransaction(path) ? broken : undefined);
    const sent: string[] = [];
    for (let index = 0; index < large; index++) sent.push(await stage.say(alice, room, 'x'.repeat(40_000)));
    service.reply = ({ path, body }) =>
      isTransaction(path) && (body.length > limitBytes || body.includes('poison')) ? { status: 413 } : undefined;
    const bad = await stage.say(alice, room, 'poison');
    for (let index = 0; index < 30; index++) sent.push(await stage.say(alice, room));
    await stage.ping(service);
    await service.arrived(sent);
    const { set_aside: aside } = await stage.operate<{ set_aside: { event: { event_id: string } }[] }>(
      'GET',
      '/appservices/irc/set_aside',
    );
    service.heal();
    await stage.operate('POST', '/appservices/irc/set_aside/replay', {});
    await service.arrived([bad]);
    return {
      largest: { value: service.largestBytes, unit: 'bytes', limit: limitBytes },
      set_aside: exactly(aside.filter(({ event }) => event.event_id === bad).length, 1, 'events'),
      set_aside_wrongly: none(aside.filter(({ event }) => event.event_id !== bad).length, 'events'),
      missing: none(sent.filter((id) => !service.arrivals.has(id)).length, 'events'),
      doubled: none(service.again, 'events'),
      replayed: exactly(service.arrivals.has(bad) ? 1 : 0, 1, 'events'),
    };
  },
};

export const wake: Check = {
  claim: 'a ping, any call of the service and a restart of the homeserver each end the pause between attempts',
  async run(stage, { full }) {
    const failures = full ? 7 : 4;
    const service = await stage.service('irc');
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    const ways: Readonly<Record<string, () => Promise<unknown>>> = {
      ping: () => stage.ping(service),
      call: () => stage.as(service, 'GET', `${v3}/account/whoami`),
      restart: () => stage.restart('SIGTERM'),
    };
    const figures: Record<string, { value: number; unit: string; limit?: number }> = {};
    for (const [name, way] of Object.entries(ways)) {
      await service.arrived([await stage.say(alice, room)]);
      const tries = service.tries;
      service.reply = ({ path }) => (isTransaction(path) ? broken : undefined);
      const id = await stage.say(alice, room);
      await service.until(() => service.tries >= tries + failures, `${failures} failures`, 600_000);
      service.heal();
      const before = service.tries;
      const startMs = performance.now();
      await way();
      await service.arrived([id]);
      figures[`${name}_attempts`] = { value: service.tries - before, unit: 'attempts until it was taken', limit: 1 };
      figures[`${name}_took`] = {
        value: Math.round(performance.now() - startMs),
        unit: name === 'restart' ? 'ms, the start of the server included' : 'ms (aim: under 1000)',
      };
    }
    return figures;
  },
};

export const replay: Check = {
  claim: 'an operator has events sent again, since a time, under new transaction ids and in order',
  async run(stage, { full }) {
    const count = full ? 1000 : 200;
    const service = await stage.service('irc');
    service.keepsBodies = true;
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    const early = await stage.say(alice, room, 'before');
    await service.arrived([early]);
    await sleep(50); // another millisecond on the homeserver's clock
    const sinceTs = Date.now();
    await sleep(50);
    const sent: string[] = [];
    for (let index = 0; index < count; index++) sent.push(await stage.say(alice, room));
    await service.arrived(sent);
    const accepted = service.bodies.length;
    await stage.operate('POST', '/appservices/irc/replay', { since_ts: sinceTs });
    const again = () =>
      service.bodies
        .slice(accepted)
        .flatMap(({ events }) => (events as { event_id: string }[]).map(({ event_id }) => event_id));
    await service.until(() => again().length >= count, 'the replay');
    const last = await stage.say(alice, room, 'afterwards');
    await service.arrived([last]);
    const replayed = again().filter((id) => id !== last);
    return {
      replayed: exactly(replayed.filter((id) => sent.includes(id)).length, count, 'events'),
      too_early: none(replayed.filter((id) => id === early).length, 'events'),
      out_of_order: none(replayed.join() === sent.join() ? 0 : 1, 'replays'),
      altered: none(service.altered, 'transactions with different bytes'),
    };
  },
};
