// How long to wait before the next connection: doubling, capped, with jitter, so that a network that comes back is not met by
// every connection at once. Called by the connection each time it goes down.

import type { Random } from '../platform/clock.ts';

const FIRST_MS = 1_000;
/** The longest wait of an ordinary failure. */
export const BACKOFF_MAX_MS = 300_000;
/** A network that said we come too fast, or banned us, is asked this seldom at first. */
const UNWELCOME_FIRST_MS = 60_000;
const UNWELCOME_MAX_MS = 3_600_000;

/** Why a connection ended, as far as it decides how soon to come back. */
export type Ending = 'failed' | 'throttled' | 'banned';

/**
 * Milliseconds until the next try: half of the doubled delay for certain, the other half by chance.
 *
 * @param failures tries that failed since the last good connection, from 1 on
 */
export function backoffMs(failures: number, ending: Ending, random: Random): number {
  const first = ending === 'failed' ? FIRST_MS : UNWELCOME_FIRST_MS;
  const cap = ending === 'banned' ? UNWELCOME_MAX_MS : Math.max(BACKOFF_MAX_MS, first);
  const full = Math.min(cap, first * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(full / 2 + random() * (full / 2));
}

/** What the text of an ERROR line, or of numeric 465, says about coming back. */
export function endingOf(text: string): Ending {
  if (/\b[kgzqd]-?lined?\b|banned|not welcome/i.test(text)) return 'banned';
  if (/throttl|too fast|too many|excess flood/i.test(text)) return 'throttled';
  return 'failed';
}
