// What inbox.ts hands to each step from the network to Matrix, and gets back.

import type { LoginId, UserId } from '../network.ts';

/** Who told an event: what is needed of a login, whether it is connected in this run or was in the last. */
export interface Teller {
  readonly id: LoginId;
  readonly self: UserId;
}

/** One remote event being carried: who told it, and the name of this step for transaction ids. */
export interface Carried<E> {
  readonly login: Teller;
  readonly event: E;
  readonly key: string;
}

/** What a step leaves to remember: run in the commit that removes its row. */
export type Remember = (() => void) | undefined;
