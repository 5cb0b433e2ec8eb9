// Third-party lookups: which protocols, users and places of another network this application service knows.
// A program gives the lookups it has; an absent one answers 404, as does one that finds nothing.
// https://spec.matrix.org/v1.19/application-service-api/#third-party-networks

import { MatrixError } from '@pons/spec';

/** Values of the fields that a protocol declares. */
export type ThirdPartyFields = Readonly<Record<string, string>>;

/** A user of the other network, and the Matrix user that stands for them. */
export interface ThirdPartyUser {
  readonly userid: string;
  readonly protocol: string;
  readonly fields: ThirdPartyFields;
}

/** A place of the other network, and the alias of the room that stands for it. */
export interface ThirdPartyLocation {
  readonly alias: string;
  readonly protocol: string;
  readonly fields: ThirdPartyFields;
}

/** The lookups of a program; each optional. */
export interface ThirdPartyLookups {
  /** Metadata of a protocol, as the specification's Protocol. */
  protocol?(protocol: string): Promise<object | undefined>;
  users?(protocol: string, fields: ThirdPartyFields): Promise<readonly ThirdPartyUser[]>;
  locations?(protocol: string, fields: ThirdPartyFields): Promise<readonly ThirdPartyLocation[]>;
  usersOf?(userId: string): Promise<readonly ThirdPartyUser[]>;
  locationsOf?(alias: string): Promise<readonly ThirdPartyLocation[]>;
}

/** Answers `/thirdparty/…`; `path` is what follows, split and unescaped. */
export async function lookUpThirdParty(
  lookups: ThirdPartyLookups,
  path: readonly string[],
  query: URLSearchParams,
): Promise<unknown> {
  const [kind, protocol] = path;
  const fields = Object.fromEntries([...query].filter(([name]) => name !== 'access_token'));
  if (kind === 'protocol' && protocol !== undefined) return found(await lookups.protocol?.(protocol));
  if (kind === 'user' && protocol !== undefined) return foundSome(await lookups.users?.(protocol, fields));
  if (kind === 'location' && protocol !== undefined) return foundSome(await lookups.locations?.(protocol, fields));
  if (kind === 'user') return foundSome(await lookups.usersOf?.(required(query, 'userid')));
  if (kind === 'location') return foundSome(await lookups.locationsOf?.(required(query, 'alias')));
  throw new MatrixError('M_UNRECOGNIZED', 'there is no such lookup');
}

function required(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null) throw new MatrixError('M_MISSING_PARAM', `the query parameter ${name} is missing`);
  return value;
}

function found<T>(answer: T | undefined): T {
  if (answer === undefined) throw new MatrixError('M_NOT_FOUND', 'nothing of that kind is known here');
  return answer;
}

function foundSome<T>(answer: readonly T[] | undefined): readonly T[] {
  return found(answer === undefined || answer.length === 0 ? undefined : answer);
}
