// The bridge's log in the quick start: JSON lines in a file of the data folder, so that the terminal shows what the person asked for.
import { createWriteStream } from 'node:fs';
import type { Log } from '@pons/appservice-sdk/bridge';

/** Writes to a file; `end` flushes it. */
export function bridgeLog(file: string): { log: Log; end: () => Promise<void> } {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  const at =
    (level: string) =>
    (message: string, fields: object = {}) => {
      stream.write(`${JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...fields })}\n`);
    };
  return {
    log: { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') },
    end: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
