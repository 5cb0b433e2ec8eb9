// Checks of the other ways between homeserver and service: the websocket, to-device data through an outage, and the conformance kit whole.

import {
  type CaseResult,
  conforms,
  countByLevel,
  installAll,
  ponsInstaller,
  roleNames,
  runConformance,
} from '@pons/appservice-conformance';
import { freePorts } from '@pons/testkit/free-ports';
import { sleep } from '../../../bench/measure.ts';
import { type Check, exactly, none } from '../check.ts';
import { FakeService } from '../fake-service.ts';
import { part, type Stage, v3 } from '../stage.ts';

interface Message {
  readonly command: string;
  readonly id?: number;
  readonly txn_id?: string;
  readonly events?: readonly { readonly event_id: string }[];
}

/** A bridge at its end of fi.mau.as_sync. */
class Socket {
  readonly messages: Message[] = [];
  acknowledges = true;
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      this.messages.push(message);
      if (message.command === 'transaction' && this.acknowledges)
        this.send({ command: 'response', id: message.id, data: { txn_id: message.txn_id } });
    });
  }
  static async connect(stage: Stage, service: FakeService): Promise<Socket> {
    const url = `${stage.url.replace(/^http/, 'ws')}/_matrix/client/unstable/fi.mau.as_sync`;
    const headers = { authorization: `Bearer ${service.asToken}`, 'x-mautrix-websocket-version': '3' };
    // Node's own takes headers, which the type of browsers does not know.
    const socket = new (WebSocket as unknown as new (url: string, options: object) => WebSocket)(url, { headers });
    const connected = new Socket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error('the websocket was refused')));
    });
    return connected;
  }
  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
  close(): void {
    this.#socket.close();
  }
  get events(): string[] {
    return this.messages.flatMap(({ events = [] }) => events.map(({ event_id: id }) => id));
  }
  async until(condition: () => boolean, what: string): Promise<void> {
    for (let waitedMs = 0; !condition(); waitedMs += 10) {
      if (waitedMs > 60_000) throw new Error(`websocket: ${what}: not within 60 s`);
      await sleep(10);
    }
  }
}

export const asSync: Check = {
  claim:
    'a service behind a websocket is sent its transactions and pings; a second connection replaces the first, and silence ends one',
  async run(stage) {
    const service = new FakeService('pull');
    await stage.start();
    await stage.operate('POST', '/appservices', { registration: service.registration(null) });
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    const first = await Socket.connect(stage, service);
    await stage.join(service, await stage.ghost(service), room);
    const sent: string[] = [];
    for (let index = 0; index < 20; index++) sent.push(await stage.say(alice, room));
    await first.until(() => sent.every((id) => first.events.includes(id)), 'twenty events');
    first.send({ command: 'ping', id: 7, data: { timestamp: 1 } });
    await first.until(() => first.messages.some(({ command, id }) => command === 'response' && id === 7), 'the pong');
    const second = await Socket.connect(stage, service);
    const replaced = await first.closed;
    second.acknowledges = false;
    const owed = await stage.say(alice, room);
    await second.until(() => second.events.includes(owed), 'an event that is not acknowledged');
    second.close();
    await second.closed;
    const third = await Socket.connect(stage, service);
    await third.until(() => third.events.includes(owed), 'the same event again');
    const txnOf = (socket: Socket) =>
      socket.messages.find(({ events }) => events?.some(({ event_id: id }) => id === owed))?.txn_id;
    const doubled = first.events.length - new Set(first.events).size;
    third.close();
    return {
      events: exactly(sent.filter((id) => first.events.includes(id)).length, sent.length, 'events'),
      doubled: none(doubled, 'events'),
      replaced: exactly(replaced, 4001, 'close code of a connection that another replaces'),
      again_under_same_id: exactly(txnOf(second) === txnOf(third) ? 1 : 0, 1, 'transactions that were owed'),
    };
  },
};

export const e2eeOutage: Check = {
  claim:
    'to-device messages outlive an outage and a kill, come once each, and leave nothing behind; device lists say who left',
  async run(stage, { full }) {
    const count = full ? 500 : 60;
    const service = await stage.service('irc', { 'org.matrix.msc3202': true });
    service.keepsBodies = true;
    await stage.start();
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    const room = await stage.room(alice);
    const [ghost = ''] = await stage.joinAll(room);
    await stage.as(service, 'PUT', `${v3}/devices/BRIDGE`, { user: ghost, body: {} });
    await service.arrived([await stage.say(alice, room)]);
    service.reply = ({ path }) => (path.includes('/transactions/') ? { status: 500 } : undefined);
    for (let index = 0; index < count; index++) {
      const body = { messages: { [ghost]: { '*': { index } } } };
      await stage.call('PUT', `${v3}/sendToDevice/com.example.check/d${index}`, { token: alice.token, body });
    }
    await stage.restart('SIGKILL');
    service.heal();
    await stage.ping(service);
    const seen = () => service.entries('to_device').map(({ content }) => (content as { index: number }).index);
    await service.until(() => new Set(seen()).size >= count, 'every to-device message');
    await stage.call('POST', `${v3}/join/${part(room)}`, { token: bob.token, body: {} });
    await stage.call('POST', `${v3}/rooms/${part(room)}/leave`, { token: bob.token, body: {} });
    const lists = (kind: 'changed' | 'left') =>
      service.bodies.filter(({ device_lists: list }) =>
        (list as Record<string, string[]> | undefined)?.[kind]?.includes(bob.userId),
      ).length;
    await service.until(() => lists('left') > 0, 'the device list of somebody who left');
    const accepted = seen().length;
    await stage.restart('SIGTERM');
    await service.arrived([await stage.say(alice, room)]);
    return {
      messages: exactly(new Set(seen()).size, count, 'messages'),
      doubled: none(accepted - new Set(seen()).size, 'messages'),
      sent_again: none(seen().length - accepted, 'messages after another start'),
      out_of_order: none(seen().filter((index, at, all) => at > 0 && index < (all[at - 1] ?? 0)).length, 'messages'),
      left: { value: lists('left'), unit: 'device lists that say who left', least: 1 },
      altered: none(service.altered, 'transactions with different bytes'),
    };
  },
};

export const conformance: Check = {
  claim: 'the conformance kit finds nothing that binds unkept, the homeserver killed where it asks for that',
  async run(stage) {
    const message = { per_second: 40, burst: 50 };
    const wide = { per_second: 10_000, burst: 100_000 };
    await stage.start({
      appservices: { files: [], request_timeout_ms: 3000 },
      rate_limits: { default: wide, message, join: wide, login: wide, registration: wide, media: wide },
    });
    const { token } = await stage.operator();
    const installer = ponsInstaller(stage.url, token);
    const { registrations } = await installAll(installer, {
      host: '127.0.0.1',
      ports: await freePorts(roleNames.length),
      dir: stage.dir,
    });
    const report = await runConformance({
      url: stage.url,
      registrations,
      installer,
      patienceMs: 60_000,
      restart: () => stage.restart('SIGKILL'),
      onResult: ({ id, outcome, reason }: CaseResult) => {
        if (outcome !== 'passed') console.error(`    ${outcome} ${id}: ${reason}`);
      },
    });
    const counts = countByLevel(report);
    const sum = (outcome: CaseResult['outcome']) =>
      Object.values(counts).reduce((total, one) => total + one[outcome], 0);
    return {
      hold: { value: sum('passed'), unit: 'claims', least: 100 },
      binding_failed: none(conforms(report) ? 0 : counts.must.failed + counts.should.failed, 'claims that bind'),
      other_failed: none(counts.unstable.failed + counts.beyond.failed, 'claims that do not bind'),
      not_judged: { value: sum('skipped'), unit: 'claims' },
    };
  },
};
