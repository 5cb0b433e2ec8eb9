// Chapter Tokens, at an application service: nobody but the homeserver is heard.
// https://spec.matrix.org/v1.19/application-service-api/#authorisation

import { type Answer, describe } from '../call.ts';
import { demand } from '../outcome.ts';
import type { Bench } from './bench.ts';
import type { ServiceCase } from './cases.ts';

const link = 'https://spec.matrix.org/v1.19/application-service-api/#authorisation';
const about = { chapter: 'Tokens', level: 'must', link } as const;

const refused = (answer: Answer) => answer.status === 401 || answer.status === 403;
const empty = { events: [] };

/** Tokens that are not the hs_token. */
const wrong: readonly (readonly [string, string, (hsToken: string, asToken: string) => string])[] = [
  ['wrong', 'another token', () => 'not-the-token'],
  ['longer', 'the token with something behind it', (hsToken) => `${hsToken}x`],
  ['shorter', 'the beginning of the token', (hsToken) => hsToken.slice(0, -1)],
  ['as-token', 'its own as_token', (_, asToken) => asToken],
];

const wrongCases = wrong.map(
  ([id, what, token]): ServiceCase => ({
    ...about,
    id: `tokens/${id}`,
    claim: `a transaction with ${what} is refused`,
    async run(bench) {
      const { hsToken, asToken } = bench.parts.registration;
      const answer = await bench.put(bench.nextTxnId(), empty, { token: token(hsToken, asToken) });
      demand(refused(answer), `it was answered ${describe(answer)}`);
    },
  }),
);

/** The other endpoints, each as closed as the first. */
const doors: readonly (readonly [string, string, string])[] = [
  ['users', 'GET', '/_matrix/app/v1/users/%40nobody%3Aexample.org'],
  ['rooms', 'GET', '/_matrix/app/v1/rooms/%23nothing%3Aexample.org'],
  ['ping', 'POST', '/_matrix/app/v1/ping'],
];

const doorCases = doors.map(
  ([id, method, path]): ServiceCase => ({
    ...about,
    id: `tokens/${id}`,
    claim: `${method} ${path.replace(/%.*$/, '…')} with another token is refused or not there`,
    async run(bench) {
      const body = method === 'POST' ? { body: {} } : {};
      const answer = await bench.ask(method, path, { token: 'not-the-token', ...body });
      const notThere = answer.status === 404 && answer.errcode !== 'M_NOT_FOUND';
      demand(refused(answer) || notThere, `it was answered ${describe(answer)}`);
    },
  }),
);

/** Claims of this chapter. */
export const tokenCases: readonly ServiceCase[] = [
  {
    ...about,
    id: 'tokens/none',
    claim: 'a transaction without a token is refused',
    async run(bench) {
      const answer = await bench.put(bench.nextTxnId(), empty, { withoutToken: true });
      demand(refused(answer), `it was answered ${describe(answer)}`);
    },
  },
  ...wrongCases,
  ...doorCases,
  {
    ...about,
    level: 'should',
    id: 'tokens/error',
    claim: 'the refusal is 403 M_FORBIDDEN',
    async run(bench) {
      const answer = await bench.put(bench.nextTxnId(), empty, { token: 'not-the-token' });
      demand(answer.status === 403 && answer.errcode === 'M_FORBIDDEN', `it was answered ${describe(answer)}`);
    },
  },
  {
    ...about,
    level: 'should',
    id: 'tokens/both-must-match',
    claim: 'a wrong token in the query beside the right one in the header is refused',
    async run(bench) {
      const answer = await bench.put(bench.nextTxnId(), empty, { query: { access_token: 'not-the-token' } });
      demand(refused(answer), `it was answered ${describe(answer)}`);
    },
  },
  {
    ...about,
    id: 'tokens/nothing-done',
    claim: 'nothing is done about a refused transaction, and its id is not used up by it',
    async run(bench: Bench) {
      const { room, event } = await bench.provoke();
      const before = bench.homeserver.effectsIn(room).length;
      const txnId = bench.nextTxnId();
      const body = { events: [event] };
      await bench.put(txnId, body, { token: 'not-the-token' });
      const after = (await bench.settle(room)).length;
      demand(after === before, 'something was done about it');
      await bench.put(txnId, body);
      demand(
        (await bench.effectsBeyond(room, before)) > before,
        'the homeserver’s own transaction of that id was ignored',
      );
    },
  },
];
