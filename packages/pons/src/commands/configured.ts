// What all commands share that read a configuration: which file, and what overrides it.

import type { Command } from 'commander';

/** Options of `configured`. */
export interface Configured {
  readonly config: string;
  readonly set: readonly string[];
}

/** Gives a command the options of `Configured`. */
export function configured(command: Command): Command {
  return overridable(command.requiredOption('--config <file>', 'configuration, such as homeserver.yaml'));
}

/** Gives a command `--set`. Each takes one value, so that what follows it stays an argument. */
export function overridable(command: Command): Command {
  return command.option(
    '--set <key=value>',
    'override one key, such as listeners.0.port=8010 (may be repeated)',
    collect,
    [],
  );
}

/** For options that may be repeated. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
