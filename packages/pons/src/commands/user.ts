// `pons user create|reset-password`: accounts by the operator, while the server is stopped (with a database server also while it runs);
// `pons user token`: an access token of a running server, which is what `pons appservice` and `pons room` ask for.
// The password is asked for on a terminal, else it is the first line of standard input: never an argument, which others could see.

import { text as readAll } from 'node:stream/consumers';
import type { Homeserver } from '@pons/homeserver';
import { OperatorError } from '@pons/homeserver/operator-error';
import { Command } from 'commander';
import { ask } from './ask.ts';
import { callServer } from './appservice-calls.ts';
import { type Configured, configured } from './configured.ts';

/** The command. */
export function userCommand(): Command {
  return new Command('user')
    .description('make accounts, reset their passwords, sign in for an access token')
    .addCommand(
      withConfig('create', `make an account; ${stopped}`)
        .option('--admin', 'may use the admin API and the console', false)
        .action((name: string, options: Configured & { admin: boolean }) => create(name, options)),
    )
    .addCommand(
      withConfig('reset-password', `give an account a new password and end its sessions; ${stopped}`).action(reset),
    )
    .addCommand(
      new Command('token')
        .description('sign in to a running server and print an access token: export PONS_TOKEN=$(pons user token NAME)')
        .argument('<name>', 'user name, such as alice')
        .option('--server <url>', 'where the server listens', 'http://127.0.0.1:8008')
        .action(token),
    )
    .addHelpText('after', '\nPasswords are asked for, or read from standard input.');
}

const stopped = 'the server must be stopped where its database is embedded';

function withConfig(name: string, description: string): Command {
  return configured(new Command(name).description(description).argument('<name>', 'user name, such as alice'));
}

async function create(name: string, options: Configured & { admin: boolean }): Promise<void> {
  await withHomeserver(options, async (homeserver) => {
    const password = await readPassword('twice');
    const made = await homeserver.ensureAccount({ localpart: name, password, admin: options.admin });
    if (!made.created) throw new OperatorError([`${made.userId} exists: pons user reset-password`]);
    console.log(`${made.userId} created${options.admin ? ', an administrator' : ''}`);
  });
}

async function reset(name: string, options: Configured): Promise<void> {
  await withHomeserver(options, async (homeserver) => {
    const userId = await homeserver.resetPassword({ user: name, password: await readPassword('twice') });
    console.log(`${userId} has a new password; its sessions have ended`);
  });
}

async function token(user: string, { server }: { readonly server: string }): Promise<void> {
  const session = await callServer<{ access_token: string }>(server, 'POST', '/_matrix/client/v3/login', {
    body: {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password: await readPassword('once'),
      initial_device_display_name: 'pons user token',
    },
  });
  console.log(session.access_token);
}

/** Puts the homeserver together without letting anybody in. The database first: whoever is refused there need not think of a password. */
async function withHomeserver(
  { config: file, set }: Configured,
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

async function readPassword(times: 'once' | 'twice'): Promise<string> {
  if (!process.stdin.isTTY) return (await readAll(process.stdin)).split(/\r?\n/)[0] ?? '';
  const { password } = await import('@clack/prompts');
  // Not on standard output, which may be taken into a variable.
  const askFor = (message: string) => ask((signal) => password({ message, output: process.stderr, signal }));
  const first = await askFor('Password');
  const again = first === undefined || times === 'once' ? first : await askFor('Once more');
  if (first === undefined || again === undefined) throw new OperatorError(['nothing was changed']);
  if (first !== again) throw new OperatorError(['the passwords differ: nothing was changed']);
  return first;
}
