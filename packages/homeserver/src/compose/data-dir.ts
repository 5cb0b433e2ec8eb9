// The data folder, made and tried before anything is written into it: what is wrong with it is said by its key, not by the first file
// that happens to be made there.

import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../platform/operator-error.ts';

const mode = 0o700;

/** @throws OperatorError when the folder cannot be made or written */
export function makeDataDir(dir: string): void {
  try {
    makeBelow(dir);
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError(
      [`data_dir: ${dir} cannot be written (${code ?? message}): choose a folder that this user may write`],
      { cause: error },
    );
  }
}

/** One level at a time: Node's own recursive way never ends below /proc. */
function makeBelow(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(dir) !== dir) makeBelow(dirname(dir));
  try {
    mkdirSync(dir, { mode });
  } catch (error) {
    // Another process may have made it at the same moment.
    if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
