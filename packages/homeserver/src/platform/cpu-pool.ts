// Work that would block the event loop for long (many signatures at once, state resolution, large JSON) runs in worker threads.
// A job is a module and arguments that can be cloned; the module stands beside its caller (`x.worker.ts`), obeys the caller's floor
// and exports `work`. Threads start with the first job; what waits is bounded, and beyond the bound a job is refused at once.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { MatrixError } from '@pons/spec';

/** The pool. */
export interface CpuPool {
  /**
   * Runs `work(args)` of a module in a thread.
   *
   * @param module  as `workerModule` gives it
   * @throws        what `work` threw; MatrixError M_UNKNOWN (503) when too much is waiting
   */
  run(module: URL, args: unknown): Promise<unknown>;
  close(): Promise<void>;
}

/** Jobs waiting beyond those running. */
const WAITING_MAX = 1_000;
/** Threads; one core stays for the event loop. */
const THREADS_MAX = 4;

/** `workerModule(import.meta.url, './x.worker')`: the module's URL, from sources as from published files. */
export function workerModule(caller: string, name: string): URL {
  return new URL(`${name}${caller.endsWith('.ts') ? '.ts' : '.js'}`, caller);
}

interface Job {
  readonly module: string;
  readonly args: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread answers. */
export type WorkerAnswer = { readonly value: unknown } | { readonly error: unknown };

/** A pool of threads. */
export function createCpuPool(threads = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1))): CpuPool {
  const waiting: Job[] = [];
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const busy = new Map<Worker, Job>();
  let closed = false;

  const give = () => {
    while (waiting.length > 0 && (idle.length > 0 || all.size < threads)) {
      const worker = idle.pop() ?? start();
      const job = waiting.shift() as Job;
      busy.set(worker, job);
      worker.ref();
      worker.postMessage({ module: job.module, args: job.args });
    }
  };
  const finish = (worker: Worker): Job | undefined => {
    const job = busy.get(worker);
    busy.delete(worker);
    worker.unref();
    return job;
  };
  const start = () => {
    const worker = new Worker(workerModule(import.meta.url, './cpu-pool.worker'));
    all.add(worker);
    worker.on('message', (answer: WorkerAnswer) => {
      const job = finish(worker);
      idle.push(worker);
      if ('error' in answer) job?.reject(answer.error);
      else job?.resolve(answer.value);
      give();
    });
    // The thread itself died (out of memory, a module that ends the process): its job fails, the next one gets a new thread.
    const died = (error: unknown) => {
      finish(worker)?.reject(error);
      all.delete(worker);
      const place = idle.indexOf(worker);
      if (place >= 0) idle.splice(place, 1);
      give();
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`the thread ended with ${code}`)));
    return worker;
  };

  return {
    run(module, args) {
      if (closed || waiting.length >= WAITING_MAX) {
        const busyNow = new MatrixError('M_UNKNOWN', 'The server is too busy. Try again later.', { status: 503 });
        return Promise.reject(busyNow);
      }
      return new Promise((resolve, reject) => {
        waiting.push({ module: module.href, args, resolve, reject });
        give();
      });
    },
    async close() {
      closed = true;
      const stopped = new MatrixError('M_UNKNOWN', 'The server is stopping. Try again later.', { status: 503 });
      for (const job of [...waiting.splice(0), ...busy.values()]) job.reject(stopped);
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
