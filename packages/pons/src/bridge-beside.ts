// `pons serve --bridge FILE`: an IRC bridge in the homeserver's process, from the same file that the bridge takes when it runs alone.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { OperatorError } from '@pons/homeserver';
import { load, YAMLException } from 'js-yaml';
import type { RunningBeside } from './start-pons.ts';

/** Starts it; the homeserver listens already. @throws OperatorError with one line per mistake in the file */
export async function startBridge(file: string): Promise<RunningBeside> {
  const { ConfigMistakes, startIrcBridge } = await import('@pons/bridge-irc');
  try {
    return await startIrcBridge(read(file), { folder: path.dirname(path.resolve(file)) });
  } catch (error) {
    if (!(error instanceof ConfigMistakes)) throw error;
    throw new OperatorError(
      error.mistakes.map((mistake) => `${file}: ${mistake}`),
      { cause: error },
    );
  }
}

function read(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OperatorError([`${file}: cannot be read: ${String(cause)}`], { cause });
  }
  try {
    const parsed: unknown = load(text, { filename: file });
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    throw new OperatorError([`${file}:${(cause.mark?.line ?? 0) + 1}: is not YAML: ${cause.reason}`], { cause });
  }
  throw new OperatorError([`${file}:1: must be keys and values`]);
}
