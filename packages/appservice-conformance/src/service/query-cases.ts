// Chapter Queries and pings, at an application service: users and aliases that it may make, networks that it serves, endpoints that it has
// and has not.
// https://spec.matrix.org/v1.19/application-service-api/#querying

import { type Answer, describe, part } from '../call.ts';
import { demand, Skipped, Unmet } from '../outcome.ts';
import type { Bench } from './bench.ts';
import type { ServiceCase } from './cases.ts';
import { sampleId } from './sample-id.ts';

const api = 'https://spec.matrix.org/v1.19/application-service-api/';
const about = { chapter: 'Queries and pings', level: 'must', link: `${api}#querying` } as const;
const base = '/_matrix/app/v1';

function notFound(answer: Answer): void {
  demand(answer.status === 404, `it was answered ${describe(answer)}`);
}

function protocolsOf(bench: Bench): readonly string[] {
  const { protocols } = bench.parts.registration;
  if (protocols.length === 0) throw new Skipped('the registration names no protocols');
  return protocols;
}

/** Fails unless the answer is a list, or 404 where nothing is found. */
function listOrNothing(answer: Answer, what: string): void {
  if (answer.status === 404) return;
  demand(answer.status === 200 && answer.text.trim().startsWith('['), `${what}: it was answered ${describe(answer)}`);
}

const endpoints: readonly ServiceCase[] = [
  {
    ...about,
    link: `${api}#unknown-routes`,
    id: 'endpoints/unknown',
    claim: 'an endpoint that does not exist is 404 M_UNRECOGNIZED',
    async run(bench) {
      const answer = await bench.ask('GET', `${base}/no/such/endpoint`);
      demand(answer.status === 404 && answer.errcode === 'M_UNRECOGNIZED', `it was answered ${describe(answer)}`);
    },
  },
  {
    ...about,
    link: `${api}#unknown-routes`,
    id: 'endpoints/method',
    claim: 'another method of an endpoint is 405 M_UNRECOGNIZED',
    async run(bench) {
      const answer = await bench.ask('DELETE', `${base}/transactions/${bench.nextTxnId()}`);
      demand(answer.status === 405 && answer.errcode === 'M_UNRECOGNIZED', `it was answered ${describe(answer)}`);
    },
  },
  {
    ...about,
    level: 'beyond',
    link: `${api}#legacy-routes`,
    id: 'endpoints/older-path',
    claim: 'the older path /transactions/{txnId} is served too',
    async run(bench) {
      const answer = await bench.ask('PUT', `/transactions/${bench.nextTxnId()}`, { body: { events: [] } });
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
    },
  },
];

const networks: readonly ServiceCase[] = [
  {
    ...about,
    link: `${api}#third-party-networks`,
    id: 'third-party/protocol',
    claim: 'a protocol that the registration names is described',
    async run(bench) {
      for (const protocol of protocolsOf(bench)) {
        const answer = await bench.ask('GET', `${base}/thirdparty/protocol/${part(protocol)}`);
        demand(answer.status === 200, `${protocol}: it was answered ${describe(answer)}`);
        for (const key of ['user_fields', 'location_fields', 'field_types', 'instances'])
          if (answer.json[key] === undefined) throw new Unmet(`${protocol}: ${key} is missing`);
      }
    },
  },
  {
    ...about,
    link: `${api}#third-party-networks`,
    id: 'third-party/lookups',
    claim: 'lookups of users and locations are lists, or 404',
    async run(bench) {
      for (const protocol of protocolsOf(bench))
        for (const kind of ['user', 'location']) {
          const path = `${base}/thirdparty/${kind}/${part(protocol)}`;
          listOrNothing(await bench.ask('GET', path, { query: { nothing: 'x' } }), `${kind} of ${protocol}`);
        }
      const userid = `@nobody:${bench.parts.serverName}`;
      listOrNothing(await bench.ask('GET', `${base}/thirdparty/user`, { query: { userid } }), 'user by id');
    },
  },
  {
    ...about,
    level: 'should',
    link: `${api}#third-party-networks`,
    id: 'third-party/unknown',
    claim: 'a protocol that it does not serve is 404',
    run: async (bench) => notFound(await bench.ask('GET', `${base}/thirdparty/protocol/com.example.nothing`)),
  },
];

/** Claims of this chapter. */
export const queryCases: readonly ServiceCase[] = [
  {
    ...about,
    link: `${api}#post_matrixappv1ping`,
    id: 'ping/answered',
    claim: 'a ping is answered 200',
    async run(bench) {
      const answer = await bench.ask('POST', `${base}/ping`, { body: { transaction_id: 'meow' } });
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
    },
  },
  {
    ...about,
    id: 'queries/user',
    claim: 'a user query is answered 200 only when the user has been registered, else 404',
    async run(bench) {
      const user = sampleId(bench, 'users');
      const answer = await bench.ask('GET', `${base}/users/${part(user)}`);
      demand([200, 404].includes(answer.status), `it was answered ${describe(answer)}`);
      if (answer.status === 200)
        demand(bench.homeserver.users.has(user), 'it was answered 200, and nobody was registered');
    },
  },
  {
    ...about,
    id: 'queries/alias',
    claim: 'an alias query is answered 200 only when the room has been made, else 404',
    async run(bench) {
      const alias = sampleId(bench, 'aliases');
      const answer = await bench.ask('GET', `${base}/rooms/${part(alias)}`);
      demand([200, 404].includes(answer.status), `it was answered ${describe(answer)}`);
      if (answer.status === 200)
        demand(bench.homeserver.aliases.has(alias), 'it was answered 200, and there is no such alias');
    },
  },
  {
    ...about,
    id: 'queries/foreign',
    claim: 'a user outside its namespaces, and an id that is none, are 404',
    async run(bench) {
      for (const id of ['@somebody:elsewhere.example', 'no id at all', '@\u0000:x', '%'])
        demand(
          [400, 404].includes((await bench.ask('GET', `${base}/users/${part(id)}`)).status),
          `${JSON.stringify(id)} was not refused with 404`,
        );
    },
  },
  ...networks,
  ...endpoints,
];
