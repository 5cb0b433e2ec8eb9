// What the person who runs the kit asked for, looked at before anything is tried: an address that is none, and claims that there are not,
// which would come out as a run without a fault.

import { SetUpFault } from './outcome.ts';

/** What was asked for. */
export interface Asked<C extends { readonly id: string }> {
  /** Of the server or service that is judged. */
  readonly url: string;
  /** How people give the url. */
  readonly urlName: string;
  readonly cases: readonly C[];
  /** Prefixes of ids; absent: all. */
  readonly only?: readonly string[] | undefined;
}

/** @returns the cases that were asked for. @throws SetUpFault for an address that is no http URL, and a prefix that no claim has */
export function checkAsked<C extends { readonly id: string }>({ url, urlName, cases, only }: Asked<C>): readonly C[] {
  if (!/^https?:\/\/[^/]/.test(url) || !URL.canParse(url))
    throw new SetUpFault([`${urlName} is ${JSON.stringify(url)}: write a URL such as http://127.0.0.1:9009`]);
  if (only === undefined) return cases;
  const nothing = only.find((prefix) => !cases.some(({ id }) => id.startsWith(prefix)));
  if (nothing !== undefined) {
    const groups = [...new Set(cases.map(({ id }) => `${id.split('/')[0] ?? ''}/`))];
    throw new SetUpFault([`no claim begins with ${JSON.stringify(nothing)}: there are ${groups.join(', ')}`]);
  }
  return cases.filter(({ id }) => only.some((prefix) => id.startsWith(prefix)));
}
