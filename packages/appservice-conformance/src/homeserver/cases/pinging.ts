// Chapter Pinging: a service asks the homeserver whether it is reached; every way in which it is not has its own answer.
// https://spec.matrix.org/v1.19/application-service-api/#pinging

import { type Answer, part } from '../../call.ts';
import { demand } from '../../outcome.ts';
import { asApi, expectOk, type HomeserverCase, requestCases } from '../case.ts';
import type { Role } from '../roles.ts';
import type { Reply } from '../service.ts';
import type { World } from '../world.ts';

const about = { chapter: 'Pinging', level: 'must', link: asApi('pinging'), rows: ['A8.9'] } as const;

const ping = (world: World, role: Role, token = world.registration(role).asToken): Promise<Answer> =>
  world.call('POST', `/_matrix/client/v1/appservice/${part(world.registration(role).id)}/ping`, {
    token,
    body: { transaction_id: world.run },
    timeoutMs: world.parts.timeLimitMs,
  });

/** Pings while the service answers pings like this. */
const answered = (reply: Reply) => (world: World) => {
  world.service('main').reply = ({ path }) => (path.endsWith('/ping') ? reply : undefined);
  return ping(world, 'main');
};

/** Claims of this chapter. */
export const pingCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'pinging/answered',
    rows: ['A8.9', 'A11.11'],
    claim: 'a ping reaches the service with its transaction id and hs_token, and says how long it took',
    async run(world) {
      const answer = expectOk(await ping(world, 'main'), 'the ping');
      demand(typeof answer.json['duration_ms'] === 'number', `duration_ms: got ${answer.text}`);
      const seen = world.service('main').received.findLast(({ path }) => path === '/_matrix/app/v1/ping');
      demand(seen !== undefined, 'it did not reach the service');
      demand(
        seen.method === 'POST' && seen.token === world.registration('main').hsToken,
        'with another method or token',
      );
      const body = JSON.parse(seen.body) as { transaction_id?: string };
      demand(body.transaction_id === world.run, `transaction_id: got ${seen.body}`);
    },
  },
  {
    ...about,
    id: 'pinging/bad-status-told',
    claim: 'a ping that is refused is told with the status and the body',
    async run(world) {
      const body = { errcode: 'M_FORBIDDEN', error: 'wrong token' };
      const answer = await answered({ status: 403, json: body })(world);
      demand(
        answer.status === 502 && answer.errcode === 'M_BAD_STATUS',
        `expected 502 M_BAD_STATUS, got ${answer.text}`,
      );
      demand(answer.json['status'] === 403, `status: expected 403, got ${String(answer.json['status'])}`);
      demand(answer.json['body'] === JSON.stringify(body), `body: got ${String(answer.json['body'])}`);
    },
  },
  ...requestCases(about, [
    {
      id: 'pinging/of-another',
      claim: 'a ping in another’s name is 403 M_FORBIDDEN',
      ask: (world) => ping(world, 'main', world.registration('other').asToken),
      expected: ['403 M_FORBIDDEN'],
    },
    {
      id: 'pinging/by-a-person',
      claim: 'a ping of a person is 403 M_FORBIDDEN',
      ask: async (world) => ping(world, 'main', (await world.person('alice')).token),
      expected: ['403 M_FORBIDDEN'],
    },
    {
      id: 'pinging/url-null',
      claim: 'a service without a url is 400 M_URL_NOT_SET',
      ask: (world) => ping(world, 'wide'),
      expected: ['400 M_URL_NOT_SET'],
      rows: ['A1.3', 'A8.9'],
    },
    {
      id: 'pinging/nobody-listens',
      claim: 'where nobody listens it is 502 M_CONNECTION_FAILED',
      ask: (world) => ping(world, 'closed'),
      expected: ['502 M_CONNECTION_FAILED'],
    },
    {
      id: 'pinging/hung-up',
      claim: 'where the connection is closed on it, it is 502 M_CONNECTION_FAILED',
      ask: answered('hang-up'),
      expected: ['502 M_CONNECTION_FAILED'],
      rows: ['A8.9', 'A11.8'],
    },
    {
      id: 'pinging/server-error',
      claim: 'a status of 500 is 502 M_BAD_STATUS',
      ask: answered({ status: 500, text: 'broken' }),
      expected: ['502 M_BAD_STATUS'],
    },
    {
      id: 'pinging/redirected',
      claim: 'a redirect is a bad status',
      ask: answered({ status: 302, location: 'http://127.0.0.1:1/elsewhere' }),
      expected: ['502 M_BAD_STATUS'],
      level: 'should',
    },
    {
      id: 'pinging/never-answered',
      claim: 'where no answer comes it is 504 M_CONNECTION_TIMEOUT',
      ask: answered('never'),
      expected: ['504 M_CONNECTION_TIMEOUT'],
    },
  ]),
];
