// The log: one JSON object per line on standard error (or a file), a human form on a terminal. Never tokens, passwords, bodies or
// the contents of events: what could hold them is redacted by name, and request-log.ts gives only the path of a URL.

import { createWriteStream } from 'node:fs';
import { pino } from 'pino';

/** What the house needs of a logger. `fields` are structured; `err` holds an Error. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log whose lines all carry these fields. */
  child(fields: object): Log;
}

/** Levels, from the most to the least talkative. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** How much is logged. */
export type LogLevel = (typeof logLevels)[number];

/** Where it goes. */
export interface LogOptions {
  readonly level: LogLevel;
  /** A file that is appended to; standard error when absent. */
  readonly file?: string;
  /** Lines for people instead of JSON; only for standard error. */
  readonly human?: boolean;
}

const secrets = [
  'token',
  'access_token',
  'refresh_token',
  'as_token',
  'hs_token',
  'password',
  'authorization',
  'secret',
  'mac',
];

/** A logger. */
export function createLog({ level, file, human = false }: LogOptions): Log {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], censor: '[redacted]' },
  };
  if (file !== undefined) return pino(options, createWriteStream(file, { flags: 'a' }));
  if (human) return pino(options, { write: (line) => process.stderr.write(humanLine(line)) });
  return pino(options, pino.destination({ dest: 2, sync: false }));
}

/** A log that says nothing: for tests. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

/** One JSON line as a person reads it: `12:34:56.789 warn  message  key=value`. */
export function humanLine(line: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const parts = [String(time).slice(11, 23), String(level).padEnd(5), String(msg), ...fields];
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  return `${parts.join(' ')}${stack}\n`;
}
