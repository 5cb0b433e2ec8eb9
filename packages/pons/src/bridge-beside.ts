// `pons serve --bridge FILE`: an IRC bridge in the homeserver's process, from the same file that the bridge takes when it runs alone.

import path from 'node:path';
import type { Log as BridgeLog } from '@pons/appservice-sdk/bridge';
import { type Log, OperatorError } from '@pons/homeserver';
import { yamlReason } from '@pons/registration';
import { load, YAMLException } from 'js-yaml';
import { readText } from './on-disk.ts';
import type { RunningBeside } from './start-pons.ts';

/** How long the start waits until bridge and homeserver have met; a homeserver elsewhere may be away for longer, and is waited for beside. */
const meetWithinMs = 10_000;

/**
 * Starts it; the homeserver listens already.
 *
 * @param log  the homeserver's: there is one log for what runs in one process
 * @throws OperatorError with one line per mistake in the file or its surroundings
 */
export async function startBridge(file: string, log: Log): Promise<RunningBeside> {
  const { ConfigMistakes, startIrcBridge } = await import('@pons/bridge-irc');
  try {
    const bridge = await startIrcBridge(read(file), {
      folder: path.dirname(path.resolve(file)),
      log: bridgeLog(log.child({ bridge: file })),
    });
    try {
      await withinTime(bridge.met());
    } catch (error) {
      await bridge.stop();
      throw error;
    }
    return bridge;
  } catch (error) {
    if (!(error instanceof ConfigMistakes)) throw error;
    throw new OperatorError(
      error.mistakes.map((mistake) => `${file}: ${mistake}`),
      { cause: error },
    );
  }
}

/** The SDK's logs have the sentence first. */
function bridgeLog(log: Log): BridgeLog {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: object = {}): void =>
      log[level](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

async function withinTime(meeting: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, meetWithinMs)));
  await Promise.race([meeting, enough]).finally(() => clearTimeout(timer));
  // Known later, it is one line all the same; the homeserver, which others use too, goes on.
  meeting.catch((error: unknown) => console.error(error instanceof Error ? error.message : String(error)));
}

function read(file: string): object {
  const text = readText(file);
  try {
    const parsed: unknown = load(text, { filename: file });
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    throw new OperatorError([`${file}:${(cause.mark?.line ?? 0) + 1}: is not YAML: ${yamlReason(cause)}`], { cause });
  }
  throw new OperatorError([`${file}:1: must be keys and values`]);
}
