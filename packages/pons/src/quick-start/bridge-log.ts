// The bridge's log in the quick start: JSON lines in a file of the data folder, so that the terminal shows what the person asked for.
import { createWriteStream } from 'node:fs';
import type { Log } from '@pons/appservice-sdk/bridge';

/** A log in a file. */
export interface BridgeLog {
  readonly log: Log;
  /** Why the network could not be reached the last time, if it could not. */
  readonly trouble: () => string | undefined;
  /** Flushes it. */
  readonly end: () => Promise<void>;
}

/** Opens the file and writes behind what is there. */
export function bridgeLog(file: string): BridgeLog {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  let trouble: string | undefined;
  const at =
    (level: string) =>
    (message: string, fields: { why?: unknown } = {}) => {
      if (typeof fields.why === 'string') trouble = fields.why;
      stream.write(`${JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...fields })}\n`);
    };
  return {
    log: { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') },
    trouble: () => trouble,
    end: () => new Promise((resolve) => stream.end(() => resolve())),
  };
}
