// What inbox.ts hands to each step from the network to Matrix, and gets back.

import type { Login } from '../network.ts';

/** One remote event being carried: who told it, and the name of this step for transaction ids. */
export interface Carried<E> {
  readonly login: Login<unknown, unknown>;
  readonly event: E;
  readonly key: string;
}

/** What a step leaves to remember: run in the commit that removes its row. */
export type Remember = (() => void) | undefined;
