// State resolution, here or on the CPU pool: what is small is done at once, what is large must not keep everybody else waiting. A thread is
// handed the events as they are and answers the state.
import type { RoomVersionRules } from '@pons/spec';
import { type CpuPool, workerModule } from '../../platform/cpu-pool.ts';
import {
  type Resolution,
  type ResolvableEvent,
  resolveState,
  type StateMap,
} from '../../rules/state-resolution/resolve.ts';

/** Events beyond which a thread resolves: about 5 ms of work. */
const eventsHereMax = 1_000;

/** Where large ones run. */
export type ResolvePool = Pick<CpuPool, 'run'>;

/** What is resolved, as a thread can be given it. */
export interface ResolveJob {
  readonly rules: RoomVersionRules;
  readonly stateSets: readonly StateMap[];
  readonly events: ReadonlyMap<string, ResolvableEvent>;
  readonly authDifference?: ReadonlySet<string>;
  readonly conflictedSubgraph?: ReadonlySet<string>;
}

const module = workerModule(import.meta.url, './resolve.worker');

/** Resolves states. */
export async function resolveSomewhere(job: ResolveJob, pool: ResolvePool | undefined): Promise<Resolution> {
  if (pool === undefined || job.events.size <= eventsHereMax) return resolveHere(job);
  return (await pool.run(module, job)) as Resolution;
}

/** Resolves states in this thread. */
export function resolveHere({ events, ...job }: ResolveJob): Resolution {
  return resolveState({ ...job, eventOf: (eventId) => events.get(eventId) });
}
