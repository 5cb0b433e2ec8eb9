// State resolution in a thread of the CPU pool (resolve-somewhere.ts).
import { type ResolveJob, resolveHere } from './resolve-somewhere.ts';

/** Resolves the states of a job. */
export function work(job: unknown): unknown {
  return resolveHere(job as ResolveJob);
}
