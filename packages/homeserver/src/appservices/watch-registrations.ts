// Tells when registration files may have changed: by the operating system's word on their folders, and by a slow look of our own, because
// that word is lost on some file systems. Editors write a file in several steps, so it waits until nothing has happened for a moment.

import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Timer } from '../platform/clock.ts';
import { isYaml, type RegistrationPlaces, stampOf } from './read-registrations.ts';

/** Watches until it is stopped. */
export interface RegistrationWatch {
  /** Makes the folder where there is none, and begins. */
  start(): Promise<void>;
  /** Looks again this much later, whatever happens. */
  lookAgainIn(ms: number): void;
  stop(): void;
}

/** This long after the last step of a writer the file is read. */
const settleMs = 200;
/** How often we look ourselves. */
const lookEveryMs = 10_000;

/** @param changed  called when there may be something new; what it returns is waited for, and false means that it must be tried again */
export function watchRegistrations(
  places: RegistrationPlaces,
  clock: Clock,
  changed: () => Promise<boolean>,
): RegistrationWatch {
  const names = Map.groupBy(
    places.files.map((file) => path.resolve(file)),
    (file) => path.dirname(file),
  );
  const folder = places.folder === undefined ? undefined : path.resolve(places.folder);
  const folders = new Set([...names.keys(), ...(folder === undefined ? [] : [folder])]);
  const watchers = new Map<string, FSWatcher>();
  let settling: Timer | undefined;
  let looking: Timer | undefined;
  let stamp: string | undefined;
  let stopped = false;

  function settle(ms: number): void {
    if (stopped) return;
    settling?.cancel();
    settling = clock.setTimer(ms, () => {
      settling = undefined;
      void take();
    });
  }

  async function take(): Promise<void> {
    // Stamped before it is read: what is written meanwhile is seen by the next look.
    const now = await stampOf(places).catch(() => undefined);
    stamp = (await changed()) ? now : undefined;
  }

  async function look(): Promise<void> {
    for (const one of folders) watchOne(one);
    const now = await stampOf(places).catch(() => undefined); // the folder is away: nothing can be said
    if (now !== undefined && now !== stamp) settle(settleMs);
  }

  function lookLater(): void {
    if (stopped) return;
    looking = clock.setTimer(lookEveryMs, () => void look().finally(lookLater));
  }

  // What else is written there all the time (a bridge's log, its database) would keep us waiting for a quiet moment.
  function isRegistration(inside: string, name: string): boolean {
    return (inside === folder && isYaml(name)) || names.get(inside)?.includes(path.join(inside, name)) === true;
  }

  function watchOne(one: string): void {
    if (stopped || watchers.has(one)) return;
    const drop = (): void => {
      watchers.get(one)?.close();
      watchers.delete(one);
    };
    try {
      const watcher = watch(one, (_, name) => {
        if (name === null || isRegistration(one, name)) settle(settleMs);
      });
      watcher.on('error', drop);
      watchers.set(one, watcher);
    } catch {
      // Not there, or no more watches to be had: looking is enough.
      drop();
    }
  }

  return {
    async start() {
      if (folders.size === 0) return;
      if (folder !== undefined) await mkdir(folder, { recursive: true });
      for (const one of folders) watchOne(one);
      // Nothing is stamped yet, so the first look reads once more: what changed after the load and before the watch is not missed.
      lookLater();
    },
    lookAgainIn: settle,
    stop() {
      stopped = true;
      settling?.cancel();
      looking?.cancel();
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}
