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
  /** Code and status, as mautrix reads them. */
  readonly closed: Promise<string>;
  readonly #socket: WebSocket;
  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.addEventListener('close', ({ code, reason }) =>
        resolve(`${code} ${/"status":"(\w+)"/.exec(reason)?.[1] ?? ''}`),
      ),
    );
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as Message;
      this.messages.push(message);
      if (message.command === 'transaction' && this.acknowledges)
        this.send({ command: 'response', id: message.id, data: { txn_id: message.txn_id } });
    });
  }
  static async connect(stage: Stage, service: FakeService, acknowledges = true): Promise<Socket> {
    const url = `${stage.url.replace(/^http/, 'ws')}/_matrix/client/unstable/fi.mau.as_sync`;
    const headers = { authorization: `Bearer ${service.asToken}`, 'x-mautrix-websocket-version': '3' };
    // Node's own takes headers, which the type of browsers does not know.
    const socket = new (WebSocket as unknown as new (url: string, options: object) => WebSocket)(url, { headers });
    const connected = new Socket(socket);
    connected.acknowledges = acknowledges;
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
  /** Resolves once this event has come. */
  async has(eventId: string): Promise<true> {
    await this.until(() => this.events.includes(eventId), 'an event that is owed');
    return true;
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
    'a service behind a websocket is sent its transactions and pings; a second connection ends the first with 4001, and one that acknowledges nothing is ended with 4002',
  async run(stage) {
    const service = new FakeService('pull');
    const appservices = (seconds: number) => ({ appservices: { files: [], request_timeout_ms: seconds * 1000 } });
    await stage.start(appservices(600));
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
    const after: string[] = [];
    for (let index = 0; index < 5; index++) after.push(await stage.say(alice, room));
    await second.until(() => after.every((id) => second.events.includes(id)), 'five events on the second connection');
    second.close();
    // Nobody acknowledges: the connection is ended when the request would have been, and the transaction is owed to the next.
    await stage.restart('SIGTERM', appservices(2));
    const silent = await Socket.connect(stage, service, false);
    const owed = await stage.say(alice, room);
    const notAcknowledged = await silent.closed;
    // Whoever is too slow for two seconds on a busy machine is ended as well, and connects again, as bridges do.
    const later: Socket[] = [];
    do later.push(await Socket.connect(stage, service));
    while ((await Promise.race([later.at(-1)!.has(owed), later.at(-1)!.closed])) !== true);
    const txnsOf = (sockets: readonly Socket[]) =>
      sockets.flatMap(({ messages }) =>
        messages.flatMap(({ events, txn_id: txnId }) =>
          events?.some(({ event_id: id }) => id === owed) ? [txnId] : [],
        ),
      );
    later.at(-1)!.close();
    return {
      events: exactly(
        sent.filter((id) => first.events.includes(id)).length + after.filter((id) => second.events.includes(id)).length,
        sent.length + after.length,
        'events',
      ),
      doubled: none(
        [first, second].reduce((sum, { events }) => sum + events.length - new Set(events).size, 0),
        'events',
      ),
      sent_to_the_replaced: none(after.filter((id) => first.events.includes(id)).length, 'events'),
      replaced: exactly(replaced === '4001 conn_replaced' ? 1 : 0, 1, `first connections that ended so: ${replaced}`),
      not_acknowledged: exactly(
        notAcknowledged === '4002 transactions_not_acknowledged' ? 1 : 0,
        1,
        `silent connections that ended so: ${notAcknowledged}`,
      ),
      again_under_same_id: exactly(new Set(txnsOf([silent, ...later])).size, 1, 'transaction ids of what was owed'),
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
