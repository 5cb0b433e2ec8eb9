// The door in numbers for Prometheus: how many commits share a statement, and how long it takes.

import { Histogram, type Registry } from 'prom-client';
import type { DoorOptions } from '../storage/group-commit.ts';

/** Registers the metrics; the function to give to the door. */
export function observeDoor(registry: Registry): NonNullable<DoorOptions['observe']> {
  const registers = [registry];
  const seconds = new Histogram({
    name: 'pons_door_statement_seconds',
    help: 'Duration of the statements of the door, commit included.',
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
    registers,
  });
  const commits = new Histogram({
    name: 'pons_door_commits_per_statement',
    help: 'Commits that shared one statement.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  });
  return (batch) => {
    seconds.observe(batch.ms / 1000);
    commits.observe(batch.commits);
  };
}
