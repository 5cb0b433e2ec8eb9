// Where the SDK and the bridges say what happens. The interface fits pino and the like; the default writes JSON lines to standard error.
// Tokens, passwords and the content of events are never given to it.

/** A structured log: a sentence, and fields beside it. */
export interface Log {
  debug(m: string, f?: object): void;
  info(m: string, f?: object): void;
  warn(m: string, f?: object): void;
  error(m: string, f?: object): void;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

/** A log of JSON lines on standard error, from `level` upward. */
export function logToStderr(level: Level = 'info'): Log {
  const line =
    (at: Level) =>
    (message: string, fields?: object): void => {
      if (LEVELS.indexOf(at) < LEVELS.indexOf(level)) return;
      process.stderr.write(`${JSON.stringify({ level: at, message, ...fields })}\n`);
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
