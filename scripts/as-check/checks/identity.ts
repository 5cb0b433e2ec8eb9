// Checks of what a service may do: transaction ids, limits, narrowed tokens, private receipts, the bot, third-party lookups.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { type Check, exactly, type Figure, none } from '../check.ts';
import { part, type Stage, v3 } from '../stage.ts';

export const txnScope: Check = {
  claim:
    'a transaction id belongs to one user: ghosts do not take one another’s events, and a repeat is one event over a restart too',
  async run(stage, { full }) {
    const count = full ? 100 : 20;
    const service = await stage.service('irc');
    await stage.start();
    const room = await stage.room(await stage.person('alice'));
    const ghosts: string[] = [];
    for (let index = 0; index < count; index++) {
      ghosts.push(await stage.ghost(service));
      await stage.join(service, ghosts.at(-1) ?? '', room);
    }
    const send = async (user: string) => {
      const body = { msgtype: 'm.text', body: user };
      const where = `${v3}/rooms/${part(room)}/send/m.room.message/same`;
      return (await stage.as<{ event_id: string }>(service, 'PUT', where, { user, body })).event_id;
    };
    const first = await Promise.all(ghosts.map(send));
    const again = await Promise.all(Array.from({ length: 20 }, () => send(ghosts[0] ?? '')));
    await stage.restart('SIGKILL');
    const afterwards = await Promise.all(ghosts.map(send));
    return {
      events: exactly(new Set(first).size, count, `events of ${count} ghosts with one id`),
      repeated: none(again.filter((id) => id !== first[0]).length, 'second events'),
      after_restart: none(afterwards.filter((id, index) => id !== first[index]).length, 'second events'),
    };
  },
};

const tight = Object.fromEntries(
  ['default', 'message', 'join', 'login', 'registration', 'media'].map((name) => [
    name,
    { per_second: 0.01, burst: 2 },
  ]),
);
const placeholders: Readonly<Record<string, string>> = {
  roomId: '!nowhere:localhost',
  roomIdOrAlias: '!nowhere:localhost',
  roomAlias: '#nothing:localhost',
  eventId: '$nothing',
  eventType: 'm.room.message',
  serverName: 'localhost',
};
const fill = (path: string, more: Readonly<Record<string, string>>) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => part(more[name] ?? placeholders[name] ?? name));
/** Ends what calls it, or is answered otherwise than by its limit. */
const leftOut = /\/(logout|deactivate|sync|events)\b/;

const samples = { string: 'x', integer: '1', boolean: 'true', array: 'x' } as const;

/** How often one of several calls is refused for their number; undefined where nothing is routed. */
async function refusals(
  stage: Stage,
  { method, path, query = [] }: Endpoint,
  as: { readonly token: string; readonly userId: string; readonly acting?: string },
): Promise<number | undefined> {
  const parameters = new URLSearchParams(
    query
      .filter(({ required }) => required === true)
      .map(({ name, type, values }): [string, string] => [name, values?.[0] ?? samples[type]]),
  );
  if (as.acting !== undefined) parameters.set('user_id', as.acting);
  const where = `${fill(path, { userId: as.userId })}?${parameters.toString()}`;
  let count = 0;
  for (let times = 0; times < 4; times++) {
    const body = method === 'GET' || method === 'DELETE' ? {} : { body: {} };
    const outcome = await stage.outcome(stage.call(method, where, { token: as.token, ...body }));
    if (outcome.endsWith('M_UNRECOGNIZED')) return undefined;
    if (outcome.startsWith('429')) count += 1;
  }
  return count;
}

export const limits: Check = {
  claim: 'every endpoint that limits people lets a service with rate_limited: false and its users pass',
  async run(stage) {
    const service = await stage.service('free');
    const bound = await stage.service('bound', { rate_limited: true });
    await stage.start({ rate_limits: tight });
    const alice = await stage.person('alice');
    const ghost = await stage.ghost(service);
    const limited = Object.values<Endpoint>(endpoints).filter(
      ({ rateLimit, auth, path }) => rateLimit !== 'none' && auth === 'accessToken' && !leftOut.test(path),
    );
    const wrong: string[] = [];
    const unlimited: string[] = [];
    let routed = 0;
    let senders = 0;
    for (const endpoint of limited) {
      const own = await refusals(stage, endpoint, { token: service.asToken, userId: ghost, acting: ghost });
      if (own === undefined) continue;
      routed += 1;
      if (own > 0) wrong.push(`${endpoint.method} ${endpoint.path}`);
      if ((await refusals(stage, endpoint, alice)) === 0) unlimited.push(`${endpoint.method} ${endpoint.path}`);
      const sender = { token: bound.asToken, userId: '@boundbot:localhost' };
      if ((await refusals(stage, endpoint, sender)) !== 0) senders += 1;
    }
    let registered = 0;
    for (let index = 0; index < 20; index++) {
      const body = { type: 'm.login.application_service', username: `_free_r${index}`, inhibit_login: true };
      if ((await stage.outcome(stage.as(service, 'POST', `${v3}/register`, { body }))) === '200') registered += 1;
    }
    for (const one of [...wrong, ...unlimited]) console.error(`    ${one}`);
    return {
      endpoints: { value: routed, unit: 'endpoints with a limit', least: 30 },
      not_limited: none(unlimited.length, 'of them take any number of requests of a person'),
      limit_ghosts: none(wrong.length, 'of them refuse a ghost of an exempt service'),
      limit_senders: none(senders, 'of them refuse the sender of a service whose users are limited'),
      registered: exactly(registered, 20, 'ghosts registered in a row'),
    };
  },
};

export const privacy: Check = {
  claim: 'private receipts of people reach no service, redactions and ghosts’ own receipts do',
  async run(stage, { full }) {
    const count = full ? 200 : 30;
    const service = await stage.service('irc');
    service.keepsBodies = true;
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    const [ghost = ''] = await stage.joinAll(room);
    const receipt = (kind: string, event: string) => `${v3}/rooms/${part(room)}/receipt/${kind}/${part(event)}`;
    const redactions: string[] = [];
    let last = '';
    for (let index = 0; index < count; index++) {
      last = await stage.say(alice, room);
      await stage.call('POST', receipt('m.read.private', last), { token: alice.token, body: {} });
      const where = `${v3}/rooms/${part(room)}/redact/${part(last)}/r${index}`;
      redactions.push(
        (await stage.call<{ event_id: string }>('PUT', where, { token: alice.token, body: {} })).event_id,
      );
    }
    await stage.as(service, 'POST', receipt('m.read.private', last), { user: ghost, body: {} });
    await stage.call('POST', receipt('m.read', last), { token: alice.token, body: {} });
    await service.arrived(redactions);
    const receipts = () => service.entries('ephemeral').filter(({ type }) => type === 'm.receipt');
    const has = (kind: string, user: string) =>
      receipts().filter(({ content }) =>
        Object.values(content as Record<string, Record<string, Record<string, unknown>>>).some(
          (by) => by[kind]?.[user] !== undefined,
        ),
      ).length;
    await service.until(
      () => has('m.read', alice.userId) > 0 && has('m.read.private', ghost) > 0,
      'the receipts it may see',
    );
    return {
      private_of_people: none(has('m.read.private', alice.userId), 'receipts'),
      private_of_ghosts: { value: has('m.read.private', ghost), unit: 'receipts', least: 1 },
      public: { value: has('m.read', alice.userId), unit: 'receipts', least: 1 },
      redactions: exactly(redactions.filter((id) => service.arrivals.has(id)).length, count, 'redactions'),
    };
  },
};

export const narrowedToken: Check = {
  claim: 'a token made from the as_token can do what it says and no more, until its time is over',
  async run(stage) {
    const service = await stage.service('irc');
    await stage.start();
    const alice = await stage.person('alice');
    const [room, elsewhere] = [await stage.room(alice), await stage.room(alice)];
    const ghosts = [await stage.ghost(service), await stage.ghost(service)];
    for (const ghost of ghosts) for (const one of [room, elsewhere]) await stage.join(service, ghost, one);
    const make = async (more: object) =>
      String((await stage.as(service, 'POST', '/_pons/client/v1/appservice/token', { body: more }))['token']);
    const send = (token: string, user: string, where: string) =>
      stage.outcome(
        stage.call('PUT', `${v3}/rooms/${part(where)}/send/m.room.message/${stage.unique('n')}?user_id=${part(user)}`, {
          token,
          body: { msgtype: 'm.text', body: 'narrow' },
        }),
      );
    const [first = '', second = ''] = ghosts;
    const narrow = await make({ ghosts: [first], rooms: [room], lifetime_ms: 3_600_000 });
    const short = await make({ ghosts: [first], rooms: [room], lifetime_ms: 1500 });
    const allowed = [await send(narrow, first, room), await send(short, first, room)];
    await sleep(2000); // its time on the server's own clock
    const refused = [
      await send(narrow, second, room),
      await send(narrow, first, elsewhere),
      await send(short, first, room),
      await send(`${narrow.slice(0, -2)}AA`, first, room),
      await stage.outcome(
        stage.call('POST', `${v3}/register`, {
          token: narrow,
          body: { type: 'm.login.application_service', username: '_irc_new', inhibit_login: true },
        }),
      ),
      await stage.outcome(stage.call('GET', `${v3}/account/whoami?user_id=${part(second)}`, { token: narrow })),
    ];
    return {
      allowed: exactly(allowed.filter((answer) => answer === '200').length, allowed.length, 'calls that it is for'),
      let_through: none(
        refused.filter((answer) => !/^40[13]/.test(answer)).length,
        `of ${refused.length} calls that it is not for`,
      ),
    };
  },
};

export const botSync: Check = {
  claim: 'the sender of a service syncs, and reads the rooms of its ghosts where its registration says so',
  async run(stage) {
    const service = await stage.service('irc', { pons: { bot_reads_all: true } });
    const plain = await stage.service('plain');
    await stage.start();
    const alice = await stage.person('alice');
    const [own, ofGhosts] = [await stage.room(alice), await stage.room(alice)];
    await stage.join(service, '@ircbot:localhost', own);
    await stage.joinAll(ofGhosts);
    interface Sync {
      readonly next_batch: string;
      readonly rooms?: {
        readonly join?: Readonly<
          Record<string, { readonly timeline: { readonly events: { readonly event_id: string }[] } }>
        >;
      };
    }
    const first = await stage.as<Sync>(service, 'GET', `${v3}/sync`);
    const waiting = stage.as<Sync>(service, 'GET', `${v3}/sync?timeout=30000&since=${part(first.next_batch)}`);
    const id = await stage.say(alice, own);
    const second = await waiting;
    const woken = second.rooms?.join?.[own]?.timeline.events.filter((event) => event.event_id === id).length ?? 0;
    const state = (of: typeof service) => stage.outcome(stage.as(of, 'GET', `${v3}/rooms/${part(ofGhosts)}/state`));
    return {
      initial: exactly(first.rooms?.join?.[own] === undefined ? 0 : 1, 1, 'rooms of the sender in /sync'),
      woken: exactly(woken, 1, 'messages in the /sync that waited'),
      reads_all: exactly((await state(service)) === '200' ? 1 : 0, 1, 'rooms of its ghosts read'),
      reads_unasked: none((await state(plain)) === '200' ? 1 : 0, 'rooms read without the registration saying so'),
    };
  },
};

const protocolOf = (network: string) => ({
  user_fields: ['nick'],
  location_fields: ['channel'],
  icon: 'mxc://localhost/icon',
  field_types: { nick: { regexp: '.*', placeholder: 'nick' }, channel: { regexp: '.*', placeholder: 'channel' } },
  instances: [{ network_id: network, desc: network, fields: {} }],
});

export const thirdParty: Check = {
  claim:
    'lookups in a network of three services are answered by two while the third hangs, and reverse lookups by the owner',
  async run(stage) {
    const services = [];
    for (const id of ['a', 'b', 'hung']) services.push(await stage.service(id, { protocols: ['net'] }));
    await stage.start({ appservices: { files: ['a.yaml', 'b.yaml', 'hung.yaml'], request_timeout_ms: 2000 } });
    const alice = await stage.person('alice');
    for (const service of services)
      service.reply = ({ path }) => {
        if (!path.includes('/thirdparty/')) return undefined;
        if (service.id === 'hung') return 'never';
        if (path.endsWith('/protocol/net')) return { status: 200, json: protocolOf(service.id) };
        const user = { userid: `@_${service.id}_x:localhost`, protocol: 'net', fields: { nick: 'x' } };
        return { status: 200, json: path.includes('/user') ? [user] : [] };
      };
    const ask = <T>(where: string) => stage.call<T>('GET', `${v3}/thirdparty/${where}`, { token: alice.token });
    const startMs = performance.now();
    const users = await ask<{ userid: string }[]>('user/net?nick=x');
    const took = performance.now() - startMs;
    interface Protocols {
      readonly net?: { readonly instances: readonly { readonly instance_id?: string }[] };
    }
    const idsOf = ({ net }: Protocols) => (net?.instances ?? []).map(({ instance_id: id = '' }) => id).join();
    const [protocols, again] = [await ask<Protocols>('protocols'), await ask<Protocols>('protocols')];
    const asked = services.map(({ asked: list }) => list.length);
    const owner = await ask<unknown[]>(`user?userid=${part('@_a_x:localhost')}`);
    const strangers = services
      .slice(1)
      .filter((service, index) => service.asked.length > (asked[index + 1] ?? 0)).length;
    return {
      users: exactly(users.length, 2, 'users, of the services that answer'),
      instances: exactly(protocols.net?.instances.length ?? 0, 2, 'instances'),
      instance_ids_changed: none(idsOf(protocols) === idsOf(again) ? 0 : 1, 'times'),
      reverse: exactly(owner.length, 1, 'users by a reverse lookup'),
      strangers_asked: none(strangers, 'services asked that do not own the id'),
      took: { value: Math.round(took), unit: 'ms for the lookup (deadline 2000)' } satisfies Figure,
    };
  },
};
