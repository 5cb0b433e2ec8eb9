// `pons user create|reset-password`: accounts by the operator, while the server is stopped (with a database server also while it runs).
// The password is asked for on a terminal, else it is the first line of standard input: never an argument, which others could see.

import { text as readAll } from 'node:stream/consumers';
import { type Homeserver, OperatorError } from '@pons/homeserver';
import { Command } from 'commander';

interface UserOptions {
  readonly config: string;
  readonly set: readonly string[];
}

/** The command. */
export function userCommand(): Command {
  return new Command('user')
    .description('make accounts and reset their passwords; the server must be stopped where its database is embedded')
    .addCommand(
      withConfig('create', 'make an account; the password is asked for, or read from standard input')
        .option('--admin', 'may use the admin API and the console', false)
        .action((name: string, options: UserOptions & { admin: boolean }) => create(name, options)),
    )
    .addCommand(withConfig('reset-password', 'give an account a new password and end its sessions').action(reset));
}

function withConfig(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<name>', 'user name, such as alice')
    .requiredOption('--config <file>', 'configuration, such as homeserver.yaml')
    .option('--set <key=value...>', 'override keys', []);
}

async function create(name: string, options: UserOptions & { admin: boolean }): Promise<void> {
  await withHomeserver(options, async (homeserver) => {
    const password = await readPassword();
    const made = await homeserver.ensureAccount({ localpart: name, password, admin: options.admin });
    if (!made.created) throw new OperatorError([`${made.userId} exists: pons user reset-password`]);
    console.log(`${made.userId} created${options.admin ? ', an administrator' : ''}`);
  });
}

async function reset(name: string, options: UserOptions): Promise<void> {
  await withHomeserver(options, async (homeserver) => {
    const userId = await homeserver.resetPassword({ user: name, password: await readPassword() });
    console.log(`${userId} has a new password; its sessions have ended`);
  });
}

/** Puts the homeserver together without letting anybody in. The database first: whoever is refused there need not think of a password. */
async function withHomeserver(
  { config: file, set }: UserOptions,
  work: (homeserver: Homeserver) => Promise<void>,
): Promise<void> {
  const { createHomeserver, loadConfig, silentLog } = await import('@pons/homeserver');
  const { MatrixError } = await import('@pons/spec');
  const { config } = loadConfig({ file, set, env: process.env });
  const homeserver = await createHomeserver(config, { log: silentLog, progress: (line) => console.error(line) });
  try {
    await work(homeserver);
  } catch (error) {
    // A name or password that cannot be: the operator's to mend.
    throw error instanceof MatrixError ? new OperatorError([error.message], { cause: error }) : error;
  } finally {
    await homeserver.stop();
  }
}

async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await readAll(process.stdin)).split(/\r?\n/)[0] ?? '';
  const { isCancel, password } = await import('@clack/prompts');
  const first = await password({ message: 'Password' });
  const again = isCancel(first) ? first : await password({ message: 'Once more' });
  if (isCancel(first) || isCancel(again)) throw new OperatorError(['nothing was changed']);
  if (first !== again) throw new OperatorError(['the passwords differ: nothing was changed']);
  return first;
}
