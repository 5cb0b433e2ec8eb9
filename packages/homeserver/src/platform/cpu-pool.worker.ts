// A thread of the CPU pool: loads the module of each job (once) and answers with what its `work` returns.

import { parentPort } from 'node:worker_threads';
import type { WorkerAnswer } from './cpu-pool.ts';

parentPort?.on('message', ({ module, args }: { module: string; args: unknown }) => {
  void run(module, args).then((answer) => parentPort?.postMessage(answer));
});

async function run(module: string, args: unknown): Promise<WorkerAnswer> {
  try {
    const { work } = (await import(module)) as { work: (args: unknown) => unknown };
    return { value: await work(args) };
  } catch (error) {
    // Goes back to the caller, whose job it was.
    return { error };
  }
}
