// `pons start`: the quick start until Ctrl-C.

import type { ServerAddress } from '@pons/bridge-irc';
import { Command, InvalidArgumentError } from 'commander';
import { portMax, wholeNumber } from './whole-number.ts';

interface Given {
  readonly data: string;
  readonly port: number;
  readonly ircPort: number;
  readonly irc?: ServerAddress;
  readonly channel: string;
}

/** The command. */
export function startCommand(): Command {
  return new Command('start')
    .description('homeserver, a small IRC network, the bridge between them and the console: everything to try it')
    .option('--data <folder>', 'where everything is kept', '.pons')
    .option(
      '--port <port>',
      'port of the homeserver and the console; 0 takes any free one',
      wholeNumber(0, portMax),
      8008,
    )
    .option('--irc <host:port>', 'a real IRC network instead of the demo one; port 6697 means TLS', readServer)
    .option(
      '--irc-port <port>',
      'port of the demo IRC network; a free one if it is taken',
      wholeNumber(0, portMax),
      6667,
    )
    .option('--channel <channel>', 'the channel to bridge', readChannel, '#pons')
    .action(run);
}

const portOfTls = 6697;

function readServer(text: string): ServerAddress {
  const [, bracketed, name, written = String(portOfTls)] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = Number(written);
  if (host === undefined || port === 0 || port > portMax)
    throw new InvalidArgumentError('Write host:port, such as irc.libera.chat:6697.');
  return { host, port, tls: port === portOfTls ? { verify: true } : false };
}

function readChannel(text: string): string {
  // What IRC takes for one channel: a space, a comma or a control character would end its name.
  if (/^[#&][^\s,\x00-\x1f]{1,63}$/.test(text)) return text;
  throw new InvalidArgumentError(`Write '#${/^[\w-]+$/.test(text) ? text : 'hello'}', with the quotes in a shell.`);
}

async function run({ data, port, ircPort, irc, channel }: Given): Promise<void> {
  const { quickStart } = await import('../quick-start/quick-start.ts');
  const stopped = new Promise<void>((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
  const running = quickStart({
    data,
    port,
    ircPort,
    channel,
    ...(irc === undefined ? {} : { irc }),
  });
  // Ctrl-C while it still starts: what has been started is stopped by the process's end; nothing acknowledged is lost by that.
  const outcome = await Promise.race([running, stopped]);
  if (outcome === undefined) process.exit(0);
  await stopped;
  console.log('\nStopping …');
  await outcome.stop();
  process.exit(0);
}
