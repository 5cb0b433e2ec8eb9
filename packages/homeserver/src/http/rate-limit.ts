// Token buckets: how often one user (or, without a token, one address) may call the endpoints of a class. In this process's
// memory only; several processes each allow the full rate. Bounded: full buckets are forgotten, and beyond the bound the oldest.

import type { RateLimitClass } from '@pons/spec/endpoints';

/** One class: how many at once, and how many per second in the long run. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** The limits of all classes; a class without one is not limited. */
export type RateLimits = Readonly<Partial<Record<RateLimitClass, RateLimit>>>;

/** Counts calls. */
export interface RateLimiter {
  /** Takes one call; answers 0, or after how many milliseconds it may be tried again. */
  take(limitClass: RateLimitClass, who: string): number;
  /** Buckets held, for the bound's test. */
  readonly size: number;
}

/** About 2 MB. Beyond it the longest-untouched are dropped: an attacker with that many addresses gains their bursts, no more. */
const BUCKETS_MAX = 20_000;

/** Fractions of tokens do not add up exactly: who waits as long as told must pass. */
const ROUNDING = 1e-6;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** A limiter; `nowMs` is the clock. */
export function createRateLimiter(limits: RateLimits, nowMs: () => number): RateLimiter {
  const buckets = new Map<string, Bucket>();
  return {
    take(limitClass, who) {
      const limit = limits[limitClass];
      if (limit === undefined) return 0;
      const now = nowMs();
      const key = `${limitClass} ${who}`;
      let bucket = buckets.get(key);
      if (bucket === undefined) {
        bucket = { tokens: limit.burst, atMs: now };
        if (buckets.size >= BUCKETS_MAX) forget(buckets, limits, now);
        buckets.set(key, bucket);
      }
      const tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.atMs) / 1000) * limit.perSecond);
      bucket.atMs = now;
      if (tokens < 1 - ROUNDING) {
        bucket.tokens = tokens;
        return Math.max(1, Math.ceil(((1 - tokens - ROUNDING) / limit.perSecond) * 1000));
      }
      bucket.tokens = tokens - 1;
      return 0;
    },
    get size() {
      return buckets.size;
    },
  };
}

// Buckets that have filled up again say nothing; if none has, a tenth goes, oldest first.
function forget(buckets: Map<string, Bucket>, limits: RateLimits, now: number): void {
  for (const [key, bucket] of buckets) {
    const limit = limits[key.slice(0, key.indexOf(' ')) as RateLimitClass];
    const full = limit === undefined || bucket.tokens + ((now - bucket.atMs) / 1000) * limit.perSecond >= limit.burst;
    if (full) buckets.delete(key);
  }
  if (buckets.size < BUCKETS_MAX) return;
  let surplus = BUCKETS_MAX / 10;
  for (const key of buckets.keys()) {
    if (surplus-- <= 0) return;
    buckets.delete(key);
  }
}

/** Whom an address stands for: IPv6 users have a /64 each, IPv4 ones an address. */
export function addressKey(address: string): string {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
