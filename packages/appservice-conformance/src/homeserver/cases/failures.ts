// Chapter Transactions, the rest of life: what becomes of what is to be sent when the service is away, refuses, never answers, or when
// the homeserver dies.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import { part } from '../../call.ts';
import { demand, Unmet } from '../../outcome.ts';
import { asApi, type HomeserverCase } from '../case.ts';
import type { Received, Seen } from '../service.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Transactions', level: 'must', link: asApi('pushing-events') } as const;
const broken = { status: 500, json: { errcode: 'M_UNKNOWN', error: 'told to fail' } } as const;

/** Attempts since a moment, by transaction id. */
function attemptsSince(world: World, role: 'main' | 'third', since: number): Map<string, Received[]> {
  return Map.groupBy(world.service(role).attempts.slice(since), ({ txnId }) => txnId);
}

/** What a transaction says, apart from how old its events are by now. */
function contentOf({ body }: Received): string {
  return JSON.stringify(JSON.parse(body), (key, value: unknown) => (key === 'age' ? undefined : value));
}

function differing(attempts: ReadonlyMap<string, readonly Received[]>, of: (attempt: Received) => string): void {
  for (const [txnId, list] of attempts) {
    const versions = [...new Set(list.map(of))];
    const sizes = versions.map((version) => list.find((attempt) => of(attempt) === version)?.body.length);
    demand(
      versions.length === 1,
      `transaction ${txnId} came with ${versions.length} different bodies, of ${sizes.join(', ')} bytes`,
    );
  }
}

/** The MUST: nothing is altered, added or left out. */
const sameContent = (attempts: ReadonlyMap<string, readonly Received[]>) => differing(attempts, contentOf);
/** More than that: not a byte differs. */
const sameBytes = (attempts: ReadonlyMap<string, readonly Received[]>) => differing(attempts, ({ sha256 }) => sha256);

const bodiesOf = (events: readonly Seen[], room: string) =>
  events.flatMap(({ type, room_id, content }) =>
    type === 'm.room.message' && room_id === room ? [String(content['body'])] : [],
  );

/** Claims about a service, or a homeserver, that fails. */
export const failureCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'transactions/retry-identical',
    claim: 'a transaction that fails is sent again under its id unaltered, ephemeral and to-device data included',
    rows: ['A6.8', 'A11.4', 'A11.9'],
    async run(world) {
      const alice = await world.person('alice');
      const { room, ghosts } = await world.roomWith(alice, 'main');
      await world.arrives('main', await world.say(alice, room, 'before'), 'a message');
      const since = world.service('main').attempts.length;
      world.breaks('main', broken);
      const first = await world.say(alice, room, 'one');
      const typing = `/rooms/${part(room)}/typing/${part(alice.userId)}`;
      await world.by(alice, 'PUT', typing, { typing: true, timeout: 30_000 });
      const message = { messages: { [ghosts[0] ?? '']: { '*': { from: 'alice' } } } };
      await world.by(alice, 'PUT', `/sendToDevice/com.example.retry/${world.unique('d')}`, message);
      await tried(world, since, 2);
      await world.say(alice, room, 'two');
      await tried(world, since, 3);
      await world.heals('main');
      await world.arrives('main', first, 'the message that failed');
      sameContent(attemptsSince(world, 'main', since));
    },
  },
  {
    ...about,
    id: 'transactions/retry-bytes',
    level: 'beyond',
    claim: 'a transaction that is sent again is the same to the byte, so that a service may compare it by its hash',
    rows: ['A6.8'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', broken);
      const id = await world.say(alice, room, 'to be compared');
      await world.until(
        () => world.service('third').attempts.length >= since + 3,
        'three attempts were not made',
        60_000,
      );
      await world.heals('third');
      await world.arrives('third', id, 'the message');
      sameBytes(attemptsSince(world, 'third', since));
    },
  },
  {
    ...about,
    id: 'transactions/retry-redacted',
    claim: 'a redaction does not alter a transaction that is being tried again',
    rows: ['A6.8', 'A11.4'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'main');
      const since = world.service('main').attempts.length;
      world.breaks('main', broken);
      const secret = await world.say(alice, room, 'to be taken back');
      await tried(world, since, 1);
      const path = `/rooms/${part(room)}/redact/${part(secret)}/${world.unique('r')}`;
      const redaction = String((await world.sure(world.by(alice, 'PUT', path, {}), 'a redaction'))['event_id']);
      await tried(world, since, 3);
      await world.heals('main');
      await world.arrives('main', redaction, 'the redaction');
      sameContent(attemptsSince(world, 'main', since));
    },
  },
  {
    ...about,
    id: 'transactions/lost-acknowledgement',
    claim: 'a transaction whose acknowledgement is lost comes again under the same id',
    rows: ['A6.8', 'A6.6'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      await world.arrives('third', await world.say(alice, room, 'before'), 'a message');
      const since = world.service('third').attempts.length;
      world.breaks('third', 'hang-up');
      const id = await world.say(alice, room, 'lost once');
      const holding = (list: ReturnType<typeof attemptsSince>) =>
        [...list].filter(([, attempts]) => attempts.some(({ body }) => body.includes(id)));
      await world.until(() => holding(attemptsSince(world, 'third', since)).length > 0, 'it was not sent at all');
      await world.heals('third');
      await world.arrives('third', id, 'the message');
      const carriers = holding(attemptsSince(world, 'third', since)).map(([txnId]) => txnId);
      demand(carriers.length === 1, `the event came under ${carriers.length} transaction ids: ${carriers.join(', ')}`);
      sameContent(attemptsSince(world, 'third', since));
    },
  },
  {
    ...about,
    id: 'transactions/one-in-flight',
    claim: 'one transaction is in flight at a time',
    rows: ['A6.5'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const service = world.service('third');
      service.inFlightMax = 0;
      service.reply = async () => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return undefined;
      };
      const sent = await Promise.all(Array.from({ length: 20 }, (_, index) => world.say(alice, room, `n${index}`)));
      for (const id of sent) await world.arrives('third', id, 'one of twenty messages');
      demand(service.inFlightMax <= 1, `${service.inFlightMax} were in flight at once`);
    },
  },
  {
    ...about,
    id: 'transactions/isolation',
    claim: 'a service that never answers does not delay another',
    rows: ['A6.2', 'A11.3', 'A11.13'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third', 'main');
      world.service('third').reply = () => 'never';
      for (let index = 0; index < 5; index++)
        await world.arrives('main', await world.say(alice, room, `n${index}`), 'a message at the other service', 5000);
    },
  },
  {
    ...about,
    id: 'transactions/backoff',
    level: 'should',
    claim: 'the pauses between attempts grow',
    rows: ['A6.7'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', broken);
      await world.say(alice, room, 'refused');
      await world.until(
        () => world.service('third').attempts.length >= since + 4,
        'four attempts were not made',
        60_000,
      );
      const at = world
        .service('third')
        .attempts.slice(since)
        .map(({ atMs }) => atMs);
      const pauses = at.slice(1).map((moment, index) => Math.round(moment - (at[index] ?? 0)));
      demand((pauses[2] ?? 0) > (pauses[0] ?? 0) * 1.5, `pauses of ${pauses.slice(0, 3).join(', ')} ms`);
    },
  },
  {
    ...about,
    id: 'transactions/time-limit',
    claim: 'a delivery that is never answered is given up and made again, under the same id and unaltered',
    rows: ['A6.6', 'A6.8'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', 'never');
      const id = await world.say(alice, room, 'into the void');
      const attempts = () => world.service('third').attempts.length - since;
      await world.until(() => attempts() >= 2, 'there was no second attempt', world.parts.timeLimitMs);
      await world.heals('third');
      await world.arrives('third', id, 'the message');
      sameContent(attemptsSince(world, 'third', since));
    },
  },
  {
    ...about,
    id: 'transactions/ping-wakes',
    level: 'beyond',
    claim: 'a ping ends the pause: what waits is sent at once',
    rows: ['A6.12'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', broken);
      const id = await world.say(alice, room, 'waiting');
      // By now the next attempt is some eight seconds away.
      await world.until(
        () => world.service('third').attempts.length >= since + 4,
        'four attempts were not made',
        60_000,
      );
      await world.heals('third');
      await world.arrives('third', id, 'the message', 3000);
    },
  },
  {
    ...about,
    id: 'transactions/catch-up',
    claim: 'after an outage everything arrives, once and in order',
    rows: ['A6.9'],
    run: (world) => outage(world, () => {}),
  },
  {
    ...about,
    id: 'transactions/catch-up-batches',
    level: 'beyond',
    claim: 'after an outage the queue is drained in full transactions',
    rows: ['A6.3', 'A6.9', 'A11.6', 'A11.13'],
    run: (world) =>
      outage(world, (transactions, events) => {
        demand(transactions <= 1 + events / 20, `${events} events came in ${transactions} transactions`);
      }),
  },
  {
    ...about,
    id: 'transactions/size',
    level: 'beyond',
    claim: 'no transaction is larger than what services commonly take (2 MB), however large its events',
    rows: ['A6.4', 'A11.6'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      world.breaks('third', broken);
      let last = '';
      for (let index = 0; index < 50; index++) last = await world.say(alice, room, 'x'.repeat(50_000));
      await world.heals('third');
      const before = world.service('third').transactions.length;
      await world.arrives('third', last, 'the last large message', 60_000);
      const sizes = world
        .service('third')
        .transactions.slice(before)
        .map(({ sizeBytes }) => sizeBytes);
      demand(Math.max(...sizes) <= 2_097_152, `one had ${Math.max(...sizes)} bytes`);
    },
  },
  {
    ...about,
    id: 'transactions/refused-for-good',
    level: 'beyond',
    claim: 'an event that is always refused with 413 does not hold up the others for ever',
    rows: ['A6.11', 'A11.6'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const poison = world.unique('poison');
      world.service('third').reply = ({ body }) =>
        body.includes(poison) ? { status: 413, json: { errcode: 'M_TOO_LARGE', error: 'too large' } } : undefined;
      await world.say(alice, room, poison);
      await world.arrives('third', await world.say(alice, room, 'after it'), 'the message after it', 30_000);
    },
  },
  {
    ...about,
    id: 'transactions/empty-200',
    level: 'beyond',
    claim: 'a 200 is an acknowledgement, whatever its body',
    rows: ['A11.6'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', { status: 200, text: '' });
      const id = await world.say(alice, room, 'acknowledged with nothing');
      await world.arrives('third', id, 'the message');
      await world.arrives('third', await world.say(alice, room, 'next'), 'the next message');
      const again = [...attemptsSince(world, 'third', since).values()].filter((list) => list.length > 1).length;
      demand(again === 0, `${again} transactions were sent again`);
    },
  },
  {
    ...about,
    id: 'transactions/no-redirect',
    level: 'beyond',
    claim: 'a redirect is not followed: the hs_token goes nowhere else',
    rows: ['A11.12'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const elsewhere = world.service('rooms');
      const location = `${elsewhere.registration.url}/led-astray`;
      world.service('third').reply = ({ path }) => ({ status: 307, location: `${location}${path}` });
      const since = world.service('third').attempts.length;
      await world.say(alice, room, 'redirected');
      await world.until(() => world.service('third').attempts.length >= since + 2, 'it was not tried again', 60_000);
      demand(!elsewhere.received.some(({ path }) => path.startsWith('/led-astray')), 'the redirect was followed');
    },
  },
  {
    ...about,
    id: 'transactions/legacy-path',
    level: 'should',
    link: asApi('legacy-routes'),
    claim: 'a service that knows only the older paths is served by them, and tried by the current ones first',
    rows: [],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      world.service('third').reply = ({ path }) =>
        path.startsWith('/_matrix/') ? { status: 404, text: '<h1>Not Found</h1>' } : undefined;
      await world.arrives('third', await world.say(alice, room, 'by the older path'), 'the message');
    },
  },
  {
    ...about,
    id: 'transactions/killed-while-away',
    claim: 'what waits for a service outlives the homeserver, and is sent after its start without new traffic',
    rows: ['A6.1', 'A6.10', 'A11.2', 'A11.13'],
    async run(world) {
      const alice = await world.person('alice');
      const { room } = await world.roomWith(alice, 'third');
      const since = world.service('third').attempts.length;
      world.breaks('third', broken);
      const sent: string[] = [];
      for (let index = 0; index < 10; index++) sent.push(await world.say(alice, room, `n${index}`));
      await world.until(() => world.service('third').attempts.length > since, 'nothing was sent');
      await world.restart();
      world.service('third').reset();
      for (const id of sent) await world.arrives('third', id, 'a message from before the kill', 60_000);
      sameContent(attemptsSince(world, 'third', since));
      const came = world
        .service('third')
        .events.flatMap(({ event_id = '' }) => (sent.includes(event_id) ? [event_id] : []));
      demand(came.join() === sent.join(), 'they came in another order, or some twice under two ids');
    },
  },
];

const outageEvents = 120;

async function outage(world: World, judge: (transactions: number, events: number) => void): Promise<void> {
  const alice = await world.person('alice');
  const { room } = await world.roomWith(alice, 'third');
  const service = world.service('third');
  world.breaks('third', broken);
  const sent: string[] = [];
  for (let index = 0; index < outageEvents; index++) sent.push(await world.say(alice, room, `n${index}`));
  const before = service.transactions.length;
  await world.heals('third');
  await world.arrives('third', sent.at(-1) ?? '', `the last of ${outageEvents} messages`, 60_000);
  const came = bodiesOf(service.events, room);
  if (came.join() !== sent.map((_, index) => `n${index}`).join())
    throw new Unmet(
      `of ${outageEvents} messages ${new Set(came).size} came, ${came.length} counting repeats, or out of order`,
    );
  judge(service.transactions.length - before, outageEvents);
}

async function tried(world: World, since: number, times: number): Promise<void> {
  const enough = () => world.service('main').attempts.length >= since + times;
  await world.until(enough, `${times} attempts were not made`, 60_000);
}
