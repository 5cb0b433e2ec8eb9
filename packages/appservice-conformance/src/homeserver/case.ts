// What a case against a homeserver is, and two ways to write many of them as a table: requests with the answer that they must get.

import { type Answer, describe } from '../call.ts';
import { type Level, Skipped, Unmet } from '../outcome.ts';
import type { World } from './world.ts';

/** Chapters, in the order of the specification. */
export type Chapter =
  | 'Registration'
  | 'Identity assertion'
  | 'Registering, logging in, devices'
  | 'Timestamps'
  | 'Rooms of its own'
  | 'Transactions'
  | 'Ephemeral data'
  | 'To-device and encryption'
  | 'Queries'
  | 'Third-party networks'
  | 'Pinging'
  | 'Directory'
  | 'Errors, limits and the rest';

/** A claim about a homeserver and how it is tried. */
export interface HomeserverCase {
  readonly id: string;
  readonly chapter: Chapter;
  /** One sentence. */
  readonly claim: string;
  readonly level: Level;
  readonly link: string;
  /** Rows of rows.ts. */
  readonly rows: readonly string[];
  /** @throws Unmet when the claim does not hold, Skipped when it cannot be judged */
  readonly run: (world: World) => Promise<void>;
}

/** The application-service API of the pinned specification. */
export const asApi = (anchor: string) => `https://spec.matrix.org/v1.19/application-service-api/#${anchor}`;
/** The client-server API of the pinned specification. */
export const csApi = (anchor: string) => `https://spec.matrix.org/v1.19/client-server-api/#${anchor}`;
/** A proposal. */
export const msc = (number: number) => `https://github.com/matrix-org/matrix-spec-proposals/pull/${number}`;

/** What an answer must be: a status, with an error code where it is a refusal. Alternatives are for what the text leaves open. */
export type Expected = number | `${number} M_${string}`;

/** Fails unless the answer is one of the expected. */
export function expectAnswer(answer: Answer, expected: readonly Expected[], what: string): Answer {
  const got = `${answer.status} ${answer.errcode}`.trim();
  if (!expected.some((one) => String(one) === got || one === answer.status))
    throw new Unmet(`${what}: expected ${expected.join(' or ')}, got ${describe(answer)}`);
  return answer;
}

/** Fails unless it succeeded. */
export const expectOk = (answer: Answer, what: string): Answer => expectAnswer(answer, [200], what);

/** Goes on where the versions announce it. @throws Skipped */
export async function offered(world: World, flag: string): Promise<void> {
  const { json } = await world.call('GET', '/_matrix/client/versions');
  const flags = json['unstable_features'] as Readonly<Record<string, boolean>> | undefined;
  if (flags?.[flag] !== true) throw new Skipped('the server does not offer it');
}

/** A row of a table of requests. */
export interface RequestCase {
  readonly id: string;
  readonly claim: string;
  readonly ask: (world: World) => Promise<Answer>;
  readonly expected: readonly Expected[];
  /** Where they differ from those of the table. */
  readonly rows?: readonly string[];
  readonly level?: Level;
  readonly link?: string;
}

/** A table of requests as cases. */
export function requestCases(
  about: Pick<HomeserverCase, 'chapter' | 'level' | 'link' | 'rows'>,
  table: readonly RequestCase[],
): HomeserverCase[] {
  return table.map(({ ask, expected, ...one }) => ({
    ...about,
    ...one,
    async run(world) {
      expectAnswer(await ask(world), expected, one.claim);
    },
  }));
}
