// Milliseconds for people: 350 ms, 12 s, 3 min, 5 h, 2 d.

/** How long ago it was; a clock that is ahead of the server's makes no moments to come. */
export function ago(ts: number): string {
  const ms = Date.now() - ts;
  return ms < 1000 ? 'just now' : `${duration(ms)} ago`;
}

/** The largest unit that fits. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}
