// `pons db dump|restore|check`: the database without the server, for backups, for moving, and for a new major version of PostgreSQL.

import { existsSync } from 'node:fs';
import type { Carried, Config, DatabaseTools } from '@pons/homeserver';
import { OperatorError } from '@pons/homeserver/operator-error';
import { Command } from 'commander';
import { type Configured, configured } from './configured.ts';
import { counted } from './in-words.ts';

/** The command. */
export function dbCommand(): Command {
  return new Command('db')
    .description('dump, restore or check the database')
    .addCommand(
      command('dump', 'write the whole database into one compressed file; a running server may go on')
        .argument('<file>', 'file to write; it holds secrets, the signing key too')
        .option('--force', 'write over a file that is there', false)
        .action(dump),
    )
    .addCommand(
      command('restore', 'fill an empty database from a dump')
        .argument('<file>', 'file that `pons db dump` wrote')
        .action(restore),
    )
    .addCommand(
      command('check', 'look for what does not agree; exit code 1 when something is found')
        .option('--deep', 'hash every event, not one in twenty', false)
        .action(check),
    );
}

const command = (name: string, description: string) => configured(new Command(name).description(description));

async function withTools<T>(
  { config: file, set }: Configured,
  work: (tools: DatabaseTools, config: Config) => Promise<T>,
): Promise<T> {
  const { databaseTools, loadConfig, systemClock } = await import('@pons/homeserver');
  const { config } = loadConfig({ file, set, env: process.env });
  try {
    return await work(
      databaseTools(config, () => systemClock.now(), progress),
      config,
    );
  } finally {
    progress('');
  }
}

/** On a terminal, over one another; elsewhere only what went wrong is of interest, as to those whom cron writes. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function dump(file: string, options: Configured & { readonly force: boolean }): Promise<void> {
  // The one before may be the only good one.
  if (!options.force && existsSync(file))
    throw new OperatorError([`${file} is there already: choose another name, or --force to write over it`]);
  const [carried, mediaDir] = await withTools(
    options,
    async (tools, { media }) => [await tools.dump(file), media.dir] as const,
  );
  report(carried);
  console.log(`not in it are media: keep ${mediaDir} too`);
}

async function restore(file: string, options: Configured): Promise<void> {
  report(await withTools(options, (tools) => tools.restore(file)));
}

function report({ counts, notes }: Carried): void {
  const rows = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(`${rows} rows in ${Object.keys(counts).length} tables`);
  for (const note of notes) console.error(note);
}

async function check(options: Configured & { readonly deep: boolean }): Promise<void> {
  const findings = await withTools(options, (tools) => tools.check(options.deep));
  for (const { rule, where } of findings) console.log(`${where}: not so: ${rule}`);
  console.log(findings.length === 0 ? 'all agrees' : counted(findings.length, 'finding'));
  if (findings.length > 0) process.exitCode = 1;
}
