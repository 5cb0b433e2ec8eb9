// What an application service must do about what a homeserver sends it, and what it should not mind, claim by claim.
// https://spec.matrix.org/v1.19/application-service-api/#homeserver---application-service-api

import { type Level, Skipped, Unmet } from '../outcome.ts';
import type { Bench } from './bench.ts';
import { queryCases } from './query-cases.ts';
import { tokenCases } from './token-cases.ts';
import { transactionCases } from './transaction-cases.ts';

/** A claim about an application service and how it is tried. */
export interface ServiceCase {
  readonly id: string;
  readonly chapter: 'Transactions' | 'Tokens' | 'Queries and pings' | 'Calls to the homeserver';
  readonly claim: string;
  readonly level: Level;
  readonly link: string;
  readonly run: (bench: Bench) => Promise<void>;
}

const calls = {
  chapter: 'Calls to the homeserver',
  link: 'https://spec.matrix.org/v1.19/application-service-api/#identity-assertion',
} as const;

/** Judged last: by then the service has made the calls it makes. */
const callCases: readonly ServiceCase[] = [
  {
    ...calls,
    id: 'calls/token',
    level: 'must',
    claim: 'its calls carry its as_token',
    run: (bench) =>
      judgeCalls(bench, ({ tokenIsRight, path }) =>
        tokenIsRight || path.endsWith('/versions') ? undefined : 'without it',
      ),
  },
  {
    ...calls,
    id: 'calls/header',
    level: 'should',
    claim: 'the token stands in the Authorization header, not in the query where logs keep it',
    run: (bench) =>
      judgeCalls(bench, ({ tokenIn }) => (tokenIn === 'query' ? 'with the token in the query' : undefined)),
  },
  {
    ...calls,
    id: 'calls/namespace',
    level: 'must',
    claim: 'it acts for its own users only',
    async run(bench) {
      await judgeCalls(bench, () => undefined);
      const outside = bench.homeserver.outsideNamespace();
      if (outside.length > 0) throw new Unmet(`it tried to act as ${outside.slice(0, 5).join(', ')}`);
    },
  },
];

function judgeCalls(
  bench: Bench,
  complaint: (call: Bench['homeserver']['calls'][number]) => string | undefined,
): Promise<void> {
  const { calls: made } = bench.homeserver;
  if (made.length === 0)
    throw new Skipped('the service made no call: is the kit’s address configured as its homeserver?');
  for (const call of made) {
    const wrong = complaint(call);
    if (wrong !== undefined) throw new Unmet(`${call.method} ${call.path} came ${wrong}`);
  }
  return Promise.resolve();
}

/** Every case, in order. */
export const serviceCases: readonly ServiceCase[] = [...transactionCases, ...tokenCases, ...queryCases, ...callCases];
