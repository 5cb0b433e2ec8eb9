// One call of a network's verb on behalf of a Matrix event: the context that the network is given, a time limit, and an end when the
// connection or the bridge ends.

import type { MatrixEvent } from '../../receive/transaction.ts';
import type { Bridge } from '../bridge.ts';
import type { Ctx, Failure } from '../network.ts';
import type { LoginEntry } from '../people/login.ts';
import { SendFailure } from '../send-failure.ts';

/** A network that takes longer to answer one send has failed it. */
const SEND_TIMEOUT_MS = 2 * 60_000;

/** What the call is about. */
export interface Attempt {
  readonly bridge: Bridge;
  readonly entry: LoginEntry;
  readonly event: MatrixEvent;
  /** Stable over retries and restarts. */
  readonly key: string;
  /** Tries before this one. */
  readonly attempts: number;
  /** Set when the sender speaks through the listener. */
  readonly relay: { readonly user: string; readonly name: string } | undefined;
}

/**
 * Calls a verb of the network with the context of one send; it is not waited for longer than a send may take, nor beyond the
 * connection's end.
 */
export async function attempt<T>(about: Attempt, verb: (context: Ctx) => Promise<T>): Promise<T> {
  const { bridge, entry, relay, event } = about;
  const { name } = bridge.network;
  // One controller with listeners that are taken off again: composed signals would live as long as the bridge does.
  const ending = new AbortController();
  const end = (failure: SendFailure) => (): void => ending.abort(failure);
  const closed = end(new SendFailure('try-again', `the connection to ${name} was closed`));
  const cancel = bridge.clock.after(SEND_TIMEOUT_MS, end(new SendFailure('unknown', `${name} did not answer in time`)));
  const sources = [bridge.signal, entry.login.signal];
  for (const source of sources) source.addEventListener('abort', closed, { once: true });
  if (sources.some((source) => source.aborted)) closed();
  const context: Ctx = {
    key: about.key,
    attempt: about.attempts + 1,
    signal: ending.signal,
    at: new Date(event.origin_server_ts),
    ...(relay ? { relay } : {}),
    raw: event.content,
    fail(why: Failure, text: string, retryAfterMs?: number): never {
      throw new SendFailure(why, text, retryAfterMs);
    },
  };
  const ended = new Promise<never>((_, reject) => {
    const fail = (): void => reject(ending.signal.reason as SendFailure);
    if (ending.signal.aborted) fail();
    else ending.signal.addEventListener('abort', fail, { once: true });
  });
  try {
    return await Promise.race([verb(context), ended]);
  } finally {
    cancel();
    for (const source of sources) source.removeEventListener('abort', closed);
  }
}
