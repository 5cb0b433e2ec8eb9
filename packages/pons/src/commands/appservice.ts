// `pons appservice …`: the application services of a running server, through its admin API and an administrator's access token.

import { Command } from 'commander';
import { conformanceCommands } from './appservice-conformance.ts';
import { deliveryCommands } from './appservice-delivery.ts';
import { ghostsCommand } from './appservice-ghosts.ts';
import { registryCommands } from './appservice-registry.ts';
import { showCommand } from './appservice-show.ts';
import { tokenCommand } from './appservice-token.ts';

/** The command. */
export function appserviceCommand(): Command {
  const command = new Command('appservice').description('add, remove and look after application services');
  const commands = [
    ...registryCommands(),
    showCommand(),
    ...deliveryCommands(),
    ghostsCommand(),
    tokenCommand(),
    ...conformanceCommands(),
  ];
  for (const one of commands) command.addCommand(one);
  return command;
}
