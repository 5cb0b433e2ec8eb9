// `pons registration generate` and `check`: making and judging registration files without a server. `check` says the same as the server
// does at load and more; exit code 2 when a file would be refused, 1 for warnings when asked to be strict.

import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  anchored,
  type FindingLevel,
  formatFinding,
  generateRegistration,
  lintFiles,
  loadRegistration,
  prefixRegex,
} from '@pons/registration';
import { OperatorError } from '@pons/homeserver/operator-error';
import { Command } from 'commander';
import { onDisk, readText } from '../on-disk.ts';
import { collect } from './configured.ts';
import { counted } from './in-words.ts';

/** The command. */
export function registrationCommand(): Command {
  return new Command('registration')
    .description('make and check registration files of application services')
    .addCommand(generateCommand())
    .addCommand(checkCommand());
}

interface GenerateOptions {
  readonly id: string;
  readonly url: string;
  readonly serverName?: string;
  readonly users: readonly string[];
  readonly aliases: readonly string[];
  readonly sender?: string;
  readonly protocol: readonly string[];
  readonly out?: string;
}

const exitRefused = 2;
const exitWarned = 1;
const tokenBytes = 32;
const secretMode = 0o600;

function generateCommand(): Command {
  return new Command('generate')
    .description('write a registration with fresh tokens')
    .requiredOption('--id <id>', 'id of the application service, such as irc')
    .requiredOption('--url <url>', 'where it listens: http://host:port, unix:/path.sock, or none')
    .option('--server-name <name>', 'server_name of the homeserver: users and aliases that begin with _ID_ are taken')
    .option('--users <regex>', 'or users by a regex of your own (may be repeated)', collect, [])
    .option('--aliases <regex>', 'and aliases (may be repeated)', collect, [])
    .option('--sender <localpart>', 'localpart of its own user (default: _ID_bot)')
    .option('--protocol <name>', 'third-party network that it serves (may be repeated)', collect, [])
    .option('--out <file>', 'file to write, readable by its owner only (default: standard output)')
    .action(generate);
}

function generate(options: GenerateOptions): void {
  const { id, serverName, out } = options;
  if (serverName === undefined && options.users.length === 0)
    throw new OperatorError(['give --server-name, or --users with a regex such as @_irc_.*:example.org']);
  const own = (sigil: '@' | '#') => (serverName === undefined ? [] : [prefixRegex(sigil, `_${id}_`, serverName)]);
  const exclusively = (regexes: readonly string[]) =>
    regexes.map((regex) => ({ regex: anchored(regex), exclusive: true }));
  const token = () => randomBytes(tokenBytes).toString('hex');
  const text = generateRegistration({
    id,
    url: options.url === 'none' ? null : options.url,
    asToken: token(),
    hsToken: token(),
    senderLocalpart: options.sender ?? `_${id}_bot`,
    namespaces: {
      users: exclusively(options.users.length > 0 ? options.users : own('@')),
      aliases: exclusively(options.aliases.length > 0 ? options.aliases : own('#')),
      rooms: [],
    },
    protocols: options.protocol,
  });
  const loaded = loadRegistration(text, { file: out ?? id, ...(serverName === undefined ? {} : { serverName }) });
  // There is no file yet whose lines could be named.
  if (loaded.outcome === 'refused')
    throw new OperatorError(loaded.complaints.map(({ path: place, reason }) => `${place}: ${reason}`));
  if (out === undefined) process.stdout.write(text);
  else {
    // Never over a file that is there: its tokens are in use.
    if (!existsSync(path.dirname(out)))
      throw new OperatorError([`${path.dirname(out)}: does not exist: make the folder first`]);
    onDisk(out, () => writeFileSync(out, text, { flag: 'wx', mode: secretMode }), {
      EEXIST: 'is there already and its tokens may be in use: choose another name, or delete it first',
    });
    console.log(`${out}: written`);
  }
}

interface CheckOptions {
  readonly serverName?: string;
  readonly strict?: true;
  readonly json?: true;
}

function checkCommand(): Command {
  return new Command('check')
    .description('check registration files, alone and together: exit code 2 when a homeserver would refuse one')
    .argument('<files...>', 'registration.yaml')
    .option('--server-name <name>', 'server_name of the homeserver (default: the one that the patterns name)')
    .option('--strict', 'warnings are exit code 1')
    .option('--json', 'one line of JSON, for programs')
    .action(check);
}

function check(files: readonly string[], { serverName, strict, json }: CheckOptions): void {
  const texts = files.map((file) => ({ file, text: readText(file) }));
  const report = lintFiles(texts, serverName);
  const count = (level: FindingLevel) => report.findings.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  process.exitCode = errors > 0 ? exitRefused : warnings > 0 && strict ? exitWarned : 0;
  if (json) {
    const { findings, good, serverName: server_name } = report;
    console.log(
      JSON.stringify({ name: 'registration check', ok: process.exitCode === 0, server_name, good, findings }),
    );
    return;
  }
  for (const finding of report.findings) {
    const line = formatFinding(finding);
    if (finding.level === 'error') console.error(line);
    else console.log(line);
  }
  console.log(
    [
      `${report.good} good`,
      counted(errors, 'error'),
      counted(warnings, 'warning'),
      counted(count('note'), 'note'),
      `as ${report.serverName} would load them`,
    ].join(', '),
  );
}
