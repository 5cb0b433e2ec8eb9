// `pons serve`: the homeserver in the foreground. Standard output gets one line when it is ready, everything else goes to the log on
// standard error. SIGTERM and SIGINT stop it in order (exit 0), a second signal at once.

import { Command } from 'commander';
import type { ListenerInfo } from '@pons/homeserver';
import { builtConsole } from '../quick-start/build-console.ts';
import { collect, type Configured, configured } from './configured.ts';

interface ServeOptions extends Configured {
  readonly bridge: readonly string[];
}

/** The command. */
export function serveCommand(): Command {
  return configured(new Command('serve').description('run the homeserver in the foreground'))
    .option('--bridge <file>', 'an IRC bridge in the same process, by its configuration (may be repeated)', collect, [])
    .action((options: ServeOptions) => serve(options));
}

async function serve({ config: file, set, bridge }: ServeOptions): Promise<void> {
  const { loadConfig } = await import('@pons/homeserver');
  const { startPons } = await import('../start-pons.ts');
  const { config } = loadConfig({ file, set, env: process.env });
  const signalled = firstSignal();
  const consoleDir = builtConsole();
  const pons = await startPons({
    config,
    bridges: bridge.map(
      (one) =>
        async ({ log }) =>
          (await import('../bridge-beside.ts')).startBridge(one, log),
    ),
    homeserver: {
      progress: (text) => console.error(text),
      ...(consoleDir === undefined ? {} : { consoleDir }),
    },
  });
  if (consoleDir === undefined && pons.listeners.some(({ serves }) => serves.includes('console')))
    console.error(`no console: ${withoutConsole}`);
  console.log(readyLine(pons.listeners, config.dataDir));
  await signalled;
  await pons.stop();
  // Nothing keeps the process alive now but what somebody forgot: it must not wait for that.
  process.exit(0);
}

const withoutConsole =
  'it was never built here (in a checkout: npx -y pnpm@12.21.0 --filter @pons/console build, or pons start)';

/** Resolves at the first signal; the second ends the process. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve();
      });
    }
  });
}

function readyLine(listeners: readonly ListenerInfo[], dataDir: string): string {
  if (!process.stdout.isTTY) return JSON.stringify({ event: 'ready', listeners, data_dir: dataDir });
  const places = listeners.map(({ url, unix, serves }) => `  ${url ?? unix ?? ''}  (${serves.join(', ')})`);
  return ['Ready.', ...places, `  data in ${dataDir}`].join('\n');
}
