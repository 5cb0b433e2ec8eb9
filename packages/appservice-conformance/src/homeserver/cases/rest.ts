// Chapter Errors, limits and the rest: what the specification says of every endpoint, and what bridges stumble over elsewhere: /sync as the
// sender, many joins at once, media, limits, flags.
// https://spec.matrix.org/v1.19/application-service-api/#using-sync-and-events

import { part } from '../../call.ts';
import { demand, Skipped, Unmet } from '../../outcome.ts';
import { asApi, csApi, expectAnswer, expectOk, type HomeserverCase, requestCases } from '../case.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Errors, limits and the rest', level: 'must', link: csApi('common-error-codes') } as const;
const whoami = '/_matrix/client/v3/account/whoami';

const errors = requestCases({ ...about, rows: ['A2.2'] }, [
  {
    id: 'errors/no-token',
    claim: 'a request without a token is 401 M_MISSING_TOKEN',
    ask: (world) => world.call('GET', whoami),
    expected: ['401 M_MISSING_TOKEN'],
  },
  {
    id: 'errors/unknown-token',
    claim: 'a request with an unknown token is 401 M_UNKNOWN_TOKEN',
    ask: (world) => world.call('GET', whoami, { token: 'nobody-has-this-token' }),
    expected: ['401 M_UNKNOWN_TOKEN'],
  },
  {
    id: 'errors/unknown-endpoint',
    claim: 'an endpoint that does not exist is 404 M_UNRECOGNIZED, for a service too',
    ask: (world) => world.as('main', 'GET', '/no/such/endpoint'),
    expected: ['404 M_UNRECOGNIZED'],
  },
  {
    id: 'errors/unknown-method',
    claim: 'another method of an endpoint is 405 M_UNRECOGNIZED',
    ask: (world) => world.as('main', 'DELETE', '/account/whoami'),
    expected: ['405 M_UNRECOGNIZED'],
  },
  {
    id: 'errors/not-json',
    claim: 'a body that is no JSON is 400 M_NOT_JSON',
    ask: (world) =>
      world.call('POST', '/_matrix/client/v3/createRoom', {
        token: world.registration('main').asToken,
        bytes: Buffer.from('{"preset":'),
      }),
    expected: ['400 M_NOT_JSON'],
  },
]);

const flood = 120;

/** How many of many requests at once are refused for their number. */
async function limited(send: (index: number) => Promise<{ readonly status: number }>): Promise<number> {
  const answers = await Promise.all(Array.from({ length: flood }, (_, index) => send(index)));
  return answers.filter(({ status }) => status === 429).length;
}

const message = (world: World, room: string) => `/rooms/${part(room)}/send/m.room.message/${world.unique('f')}`;
const text = { msgtype: 'm.text', body: 'one of many' };

/** Claims of this chapter. */
export const restCases: readonly HomeserverCase[] = [
  ...errors,
  {
    ...about,
    id: 'rest/sync-ghost',
    link: asApi('using-sync-and-events'),
    claim: 'a service syncs as one of its users',
    rows: ['A8.7'],
    async run(world) {
      const { room, ghosts } = await world.roomWith(await world.person('alice'), 'main');
      const answer = expectOk(await world.as('main', 'GET', '/sync', { user: ghosts[0] ?? '' }), '/sync');
      const rooms = (answer.json['rooms'] as { join?: object } | undefined)?.join ?? {};
      demand(room in rooms, 'the room of the ghost is not in it');
    },
  },
  {
    ...about,
    id: 'rest/sync-sender',
    level: 'should',
    link: asApi('using-sync-and-events'),
    claim: '/sync as the sender is answered or refused, but is no server error',
    rows: ['A8.7', 'A11.7'],
    async run(world) {
      const answer = await world.as('main', 'GET', '/sync');
      demand(answer.status > 0 && answer.status < 500, `got ${answer.status} ${answer.errcode}`);
    },
  },
  {
    ...about,
    id: 'rest/events-ghost',
    level: 'should',
    link: asApi('using-sync-and-events'),
    claim: '/events as one of its users is no server error',
    rows: ['A8.7'],
    async run(world) {
      const user = await world.ghost('main');
      const answer = await world.as('main', 'GET', '/events', { user, query: { timeout: '0' } });
      demand(answer.status > 0 && answer.status < 500, `got ${answer.status} ${answer.errcode}`);
    },
  },
  {
    ...about,
    id: 'rest/joins-at-once',
    claim: 'thirty ghosts join a room at once, and each arrives once',
    rows: ['A8.8'],
    async run(world) {
      const alice = await world.person('alice');
      const room = await world.room(alice);
      const ghosts: string[] = [];
      for (let index = 0; index < 30; index++) ghosts.push(await world.ghost('third'));
      await Promise.all(ghosts.map((ghost) => world.join('third', ghost, room)));
      await world.arrives('third', await world.say(alice, room, 'all here?'), 'a message');
      const joins = world
        .service('third')
        .events.filter(
          ({ room_id, content, state_key }) =>
            room_id === room && content['membership'] === 'join' && ghosts.includes(state_key ?? ''),
        );
      demand(joins.length === ghosts.length, `${joins.length} joins came for ${ghosts.length} ghosts`);
    },
  },
  {
    ...about,
    id: 'rest/async-media',
    link: csApi('post_matrixmediav1create'),
    claim: 'a ghost makes a media id first and uploads later',
    rows: ['A8.10'],
    async run(world) {
      const user = await world.ghost('main');
      const made = expectOk(
        await world.as('main', 'POST', '/_matrix/media/v1/create', { user, body: {} }),
        'making the id',
      );
      const [, server = '', id = ''] = /^mxc:\/\/([^/]+)\/(.+)$/.exec(String(made.json['content_uri'])) ?? [];
      demand(id !== '', `content_uri: got ${made.text}`);
      const token = world.registration('main').asToken;
      const query = { user_id: user };
      const bytes = Buffer.from('"what was promised"');
      const put = await world.call('PUT', `/_matrix/media/v3/upload/${part(server)}/${part(id)}`, {
        token,
        query,
        bytes,
      });
      expectOk(put, 'uploading');
      const path = `/_matrix/client/v1/media/download/${part(server)}/${part(id)}`;
      const got = expectOk(await world.call('GET', path, { token, query }), 'downloading');
      demand(got.text === bytes.toString(), 'what comes back is something else');
    },
  },
  {
    ...about,
    id: 'rest/not-limited',
    link: asApi('registration'),
    claim: 'users of a service with rate_limited: false are not limited where people are',
    rows: ['A1.11', 'A8.3'],
    async run(world) {
      const person = await world.register(world.unique('fast_'));
      const { room, ghosts } = await world.roomWith(person, 'main');
      const people = await limited(() => world.byAtOnce(person, 'PUT', message(world, room), text));
      if (people === 0)
        throw new Skipped(`${flood} messages at once of a person were all taken: no limit to be exempt from`);
      const user = ghosts[0] ?? '';
      const own = await limited(() => world.as('main', 'PUT', message(world, room), { user, body: text }));
      demand(own === 0, `${own} of ${flood} messages of a ghost were refused for their number`);
    },
  },
  {
    ...about,
    id: 'rest/sender-not-limited',
    level: 'should',
    link: asApi('registration'),
    claim: 'the sender is not limited, whatever rate_limited says of its users',
    rows: ['A1.11', 'A8.3'],
    async run(world) {
      const person = await world.register(world.unique('fast_'));
      const room = await world.room(person);
      await world.join('other', await world.sender('other'), room);
      const people = await limited(() => world.byAtOnce(person, 'PUT', message(world, room), text));
      if (people === 0)
        throw new Skipped(`${flood} messages at once of a person were all taken: no limit to be exempt from`);
      const own = await limited(() => world.as('other', 'PUT', message(world, room), { body: text }));
      demand(own === 0, `${own} of ${flood} messages of the sender were refused for their number`);
    },
  },
  {
    ...about,
    id: 'rest/versions',
    level: 'should',
    link: csApi('get_matrixclientversions'),
    claim: 'the versions say what bridges start by: v1.4 and later',
    rows: ['A9.1', 'A11.11'],
    async run(world) {
      const { json } = expectOk(await world.call('GET', '/_matrix/client/versions'), 'GET /versions');
      const versions = (json['versions'] ?? []) as readonly string[];
      const minors = versions.flatMap((version) => /^v1\.(\d+)$/.exec(version)?.[1] ?? []).map(Number);
      if (Math.max(0, ...minors) < 4) throw new Unmet(`versions: ${versions.join(', ')}`);
    },
  },
  {
    ...about,
    id: 'rest/not-a-service',
    link: asApi('client-server-api-extensions'),
    claim: 'a person is not asserted by user_id: the parameter means nothing in their requests',
    rows: ['A2.9'],
    async run(world) {
      const alice = await world.person('alice');
      const bob = await world.person('bob');
      const answer = await world.by(alice, 'GET', '/account/whoami', undefined, { user_id: bob.userId });
      expectAnswer(answer, [200, 403], 'whoami');
      demand(answer.status !== 200 || answer.json['user_id'] === alice.userId, 'a person became somebody else');
    },
  },
];
