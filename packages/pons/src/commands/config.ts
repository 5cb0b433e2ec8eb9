// `pons config check|example|new-key`: the configuration without the server. Registration files are loaded as at start; here,
// unlike there, a broken one is a mistake (exit 2).

import { formatComplaint } from '@pons/registration';
import { Command } from 'commander';
import { overridable } from './configured.ts';
import { counted } from './in-words.ts';

/** The command. */
export function configCommand(): Command {
  return new Command('config')
    .description('check the configuration, print an example of it, or make a new signing key')
    .addCommand(checkCommand())
    .addCommand(exampleCommand())
    .addCommand(newKeyCommand());
}

function checkCommand(): Command {
  return overridable(
    new Command('check')
      .description('check a configuration and its registrations; starts nothing')
      .argument('<file>', 'homeserver.yaml'),
  ).action((file: string, { set }: { set: readonly string[] }) => check(file, set));
}

function exampleCommand(): Command {
  return new Command('example').description('print every key with its default and meaning').action(async () => {
    const { exampleConfig } = await import('@pons/homeserver');
    process.stdout.write(exampleConfig());
  });
}

function newKeyCommand(): Command {
  return new Command('new-key')
    .description('make a signing key for a server that has lost its own; to everybody else it is another server then')
    .argument('<file>', 'where `signing_key_file` is; nothing may be there')
    .action(async (file: string) => {
      const { newSigningKey } = await import('@pons/homeserver');
      console.log(`${newSigningKey(file)} is in ${file}`);
    });
}

async function check(file: string, set: readonly string[]): Promise<void> {
  const { checkRegistrations, loadConfig, OperatorError, registrationPlaces, systemClock } = await import(
    '@pons/homeserver'
  );
  const { config, later } = loadConfig({ file, set, env: process.env });
  for (const key of later) console.log(`${file}: ${key}: accepted; its feature comes later`);
  const report = await checkRegistrations(config.serverName, registrationPlaces(config), systemClock);
  for (const { id, path, reason } of report.warnings) console.log(`warning: ${id}: ${path}: ${reason}`);
  if (report.complaints.length > 0) throw new OperatorError(report.complaints.map(formatComplaint));
  console.log(`${file}: good, with ${counted(report.loaded.length, 'application service')}`);
}
