// Every command of `pons`, listed. Each has a file in commands/ and loads what it needs when it runs.

import { createRequire } from 'node:module';
import { Command } from 'commander';
import { appserviceCommand } from './commands/appservice.ts';
import { configCommand } from './commands/config.ts';
import { dbCommand } from './commands/db.ts';
import { registrationCommand } from './commands/registration.ts';
import { roomCommand } from './commands/room.ts';
import { serveCommand } from './commands/serve.ts';
import { startCommand } from './commands/start.ts';
import { userCommand } from './commands/user.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** The command `pons`. */
export const program = new Command('pons')
  .description('A Matrix homeserver for application services and bridges.')
  .version(version, '-V, --version', 'print the version')
  .showHelpAfterError()
  .addCommand(startCommand())
  .addCommand(serveCommand())
  .addCommand(configCommand())
  .addCommand(registrationCommand())
  .addCommand(appserviceCommand())
  .addCommand(roomCommand())
  .addCommand(dbCommand())
  .addCommand(userCommand());

/** A command line that cannot be is the operator's mistake like any other: exit code 2. */
function refuseWithTwo(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));
  for (const one of command.commands) refuseWithTwo(one);
}
refuseWithTwo(program);
