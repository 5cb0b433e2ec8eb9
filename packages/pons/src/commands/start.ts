// `pons start`: the quick start until Ctrl-C.

import { Command } from 'commander';

interface Given {
  readonly data: string;
  readonly port: string;
  readonly ircPort: string;
  readonly irc?: string;
  readonly channel: string;
}

/** The command. */
export function startCommand(): Command {
  return new Command('start')
    .description('homeserver, a small IRC network, the bridge between them and the console: everything to try it')
    .option('--data <folder>', 'where everything is kept', '.pons')
    .option('--port <port>', 'port of the homeserver and the console; 0 takes any free one', '8008')
    .option('--irc <host:port>', 'a real IRC network instead of the demo one; port 6697 means TLS')
    .option('--irc-port <port>', 'port of the demo IRC network; a free one if it is taken', '6667')
    .option('--channel <channel>', 'the channel to bridge', '#pons')
    .action(run);
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
    port: Number(port),
    ircPort: Number(ircPort),
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
