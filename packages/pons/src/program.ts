// Every command of `pons`, listed. Each has a file in commands/ and loads what it needs when it runs.

import { Command } from 'commander';
import { appserviceCommand } from './commands/appservice.ts';
import { configCommand } from './commands/config.ts';
import { dbCommand } from './commands/db.ts';
import { registrationCommand } from './commands/registration.ts';
import { serveCommand } from './commands/serve.ts';
import { startCommand } from './commands/start.ts';
import { userCommand } from './commands/user.ts';

/** The command `pons`. */
export const program = new Command('pons')
  .description('A Matrix homeserver for application services and bridges.')
  .showHelpAfterError()
  .addCommand(startCommand())
  .addCommand(serveCommand())
  .addCommand(configCommand())
  .addCommand(registrationCommand())
  .addCommand(appserviceCommand())
  .addCommand(dbCommand())
  .addCommand(userCommand());
