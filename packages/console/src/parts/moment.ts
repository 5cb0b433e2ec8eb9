// Times and sizes for people.

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
const days = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** 14:02:11.345, with the day in front when it is not today. */
export function moment(ts: number): string {
  const isToday = new Date(ts).toDateString() === new Date().toDateString();
  return isToday ? clock.format(ts) : `${days.format(ts)}, ${clock.format(ts)}`;
}

/** Day and time. */
export function date(ts: number): string {
  return whole.format(ts);
}

/** The day alone. */
export function day(ts: number): string {
  return days.format(ts);
}

/** Between two moments, precise where it is short: 4 ms, 1.3 s, 2.5 min. */
export function between(ms: number): string {
  if (ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** 512 B, 3.4 kB, 1.2 MB */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}
