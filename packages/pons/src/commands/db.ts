// `pons db dump|restore|check`: the database without the server, for backups, for moving, and for a new major version of PostgreSQL.

import { Command } from 'commander';

interface DbOptions {
  readonly config: string;
  readonly set: readonly string[];
}

/** The command. */
export function dbCommand(): Command {
  return new Command('db')
    .description('dump, restore or check the database')
    .addCommand(
      withConfig('dump', 'write the whole database into one compressed file; a running server may go on')
        .argument('<file>', 'file to write; it holds secrets')
        .action(async (file: string, options: DbOptions) => summary(await (await tools(options)).dump(file))),
    )
    .addCommand(
      withConfig('restore', 'fill an empty database from a dump')
        .argument('<file>', 'file that `pons db dump` wrote')
        .action(async (file: string, options: DbOptions) => summary(await (await tools(options)).restore(file))),
    )
    .addCommand(
      withConfig('check', 'look for what does not agree; exit code 1 when something is found')
        .option('--deep', 'hash every event, not one in twenty', false)
        .action(check),
    );
}

function withConfig(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .requiredOption('--config <file>', 'configuration, such as homeserver.yaml')
    .option('--set <key=value...>', 'override keys', []);
}

async function tools({ config: file, set }: DbOptions) {
  const { databaseTools, loadConfig, systemClock } = await import('@pons/homeserver');
  const { config } = loadConfig({ file, set, env: process.env });
  return databaseTools(
    config,
    () => systemClock.now(),
    (text) => console.error(text),
  );
}

function summary(counts: Readonly<Record<string, number>>): void {
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(`${rows} rows in ${Object.keys(counts).length} tables`);
}

async function check(options: DbOptions & { readonly deep: boolean }): Promise<void> {
  const findings = await (await tools(options)).check(options.deep);
  for (const { rule, where } of findings) console.log(`${where}: not so: ${rule}`);
  console.log(findings.length === 0 ? 'all agrees' : `${findings.length} findings`);
  if (findings.length > 0) process.exitCode = 1;
}
