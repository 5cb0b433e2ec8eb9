// What would keep a start from its end, asked before the start changes anything: somebody has the data folder, or a port. What happens
// between this question and the start is noticed by the start itself.

import { rejectHeldFolder } from '../storage/embedded/data-folder.ts';
import { tryListener } from '../http/listener.ts';
import type { Config } from '../platform/config/schema.ts';
import { explainStorage } from './open-storage.ts';

/** Whether this configuration could start now. @throws OperatorError with one line that says what to do */
export async function assertStartable({ database, dataDir, listeners }: Config): Promise<void> {
  try {
    if (database.kind === 'embedded') rejectHeldFolder(dataDir);
  } catch (error) {
    throw explainStorage(error);
  }
  for (const listener of listeners) await tryListener(listener);
}
