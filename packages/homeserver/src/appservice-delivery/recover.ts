// What to do when an application service does not accept a transaction: wait and send the same bytes again, or split it because it is
// the content that is refused. Pure; deliver.ts acts.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

/** First and longest wait between two attempts. */
export const firstWaitMs = 1000;
export const longestWaitMs = 300_000;
/** A call of the application service ends a wait, but two attempts are at least this far apart. */
export const attemptSpacingMs = 500;

/** Attempts before a refusal of this kind is believed to be about the content. */
const badRequestTries = 3;
const serverErrorTries = 10;
/** While looking for the event that is refused: each half has the whole's history. */
const probingBadRequestTries = 1;
const probingServerErrorTries = 2;

/** How often and how a transaction was refused. */
export interface Refusal {
  /** 0: no answer. */
  readonly status: number;
  /** Attempts with this transaction, this one included. */
  readonly tries: number;
  /** It is a part of one that was refused. */
  readonly probing: boolean;
}

/** `ping-first`: split only if a ping shows that the application service is otherwise well. */
export type Remedy = 'retry' | 'split' | 'ping-first';

/** The remedy. Redirects, 401, 403, 404 and silence are about the service or its address, never about the events. */
export function remedyFor({ status, tries, probing }: Refusal): Remedy {
  if (status === 413) return 'split';
  if (status === 400 || status === 422)
    return tries >= (probing ? probingBadRequestTries : badRequestTries) ? 'split' : 'retry';
  if (status >= 500) return tries >= (probing ? probingServerErrorTries : serverErrorTries) ? 'ping-first' : 'retry';
  return 'retry';
}
