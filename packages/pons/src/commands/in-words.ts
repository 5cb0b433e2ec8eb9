// Counts, spans of time and sizes as people say them, for what the commands print. Programs take --json.

/** `1 error`, `2 errors`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** `12 s`, `3 min`, `5 h`, `2 d`: the largest unit that fits. */
export function span(ms: number): string {
  if (ms < second) return 'less than a second';
  if (ms < minute) return `${Math.floor(ms / second)} s`;
  if (ms < hour) return `${Math.floor(ms / minute)} min`;
  if (ms < 2 * day) return `${Math.floor(ms / hour)} h`;
  return `${Math.floor(ms / day)} d`;
}

/** `3 min ago`. A clock that is a little ahead of the server's is no moment in the future. */
export function ago(ts: number, now: number): string {
  return now - ts < second ? 'just now' : `${span(now - ts)} ago`;
}

/** `2026-12-24 18:00 UTC` */
export function minuteOf(ts: number): string {
  return `${new Date(ts).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `512 B`, `3.4 kB`, `1.2 MB` */
export function sizeInWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
