// The as_token may end while a bridge runs: its registration was removed, or replaced by one with another token. For what is kept that is
// no more an end than a homeserver that is away: inbox, outbox and lists try again until it is mended, and the operator reads the remedy
// once, in the words of the start. Not the same as a refusal of one user, which no waiting mends (403).
// https://spec.matrix.org/v1.19/client-server-api/#common-error-codes

import { CallError, isTransient } from '../client/call-error.ts';
import type { Log } from '../log.ts';

/** What a bridge knows about whether its token is taken. */
export interface TokenWatch {
  /** Whether the homeserver refuses the token: what failed of it is to be tried again. Tells the operator, the first time. */
  isLost(error: unknown): boolean;
  /** Whether the same may succeed later: `isLost`, or the homeserver is away. */
  mayPass(error: unknown): boolean;
  /** What was refused was taken now: the next loss is told again. */
  works(): void;
}

/** A watch that knows nothing yet. */
export function watchToken(log: Log, homeserverUrl: string, registrationName: string): TokenWatch {
  let told = false;
  const isLost = (error: unknown): boolean => {
    if (!refusesToken(error)) return false;
    if (!told) log.error(unknownToken(homeserverUrl, registrationName), { meanwhile: 'what is to be carried is kept' });
    told = true;
    return true;
  };
  return {
    isLost,
    mayPass: (error) => isLost(error) || isTransient(error),
    works: () => void (told = false),
  };
}

/** Whether the homeserver refuses the token itself, and not what was asked with it. */
export function refusesToken(error: unknown): boolean {
  return (
    error instanceof CallError &&
    error.status === 401 &&
    (error.errcode === 'M_UNKNOWN_TOKEN' || error.errcode === 'M_MISSING_TOKEN')
  );
}

/** The line for the operator. */
export function unknownToken(homeserverUrl: string, registrationName: string): string {
  return `the homeserver at ${homeserverUrl} does not know the as_token of ${registrationName}: give it this file (Pons: pons appservice add FILE, appservices.files or the folder), or copy the one that it has and start the bridge again; other homeservers have to be started again`;
}
