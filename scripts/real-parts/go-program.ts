// A program in Go from its public repository, at a pinned commit: cloned, or taken from a checkout that the caller has, and built as it is.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { Missing } from './part.ts';
import { printed, printedOr } from './program.ts';
import type { Site } from './site.ts';

/** From where, and what. */
export interface GoSource {
  readonly name: string;
  readonly repository: string;
  readonly commit: string;
  /** Environment variable that may name a checkout, or a repository without one, to take instead of cloning. */
  readonly variable: string;
  /** Package of the command, below the root. */
  readonly command: string;
}

export interface GoProgram {
  readonly binary: string;
  /** Its checkout, for files that come with it. */
  readonly folder: string;
  readonly versions: Readonly<Record<string, string>>;
}

const leastGo = [1, 25] as const;
const lowPriority = 10;

/** Go's version. @throws Missing */
async function goVersion(): Promise<string> {
  const [, text, major, minor] = /go((\d+)\.(\d+)\S*)/.exec((await printedOr('go', ['version'])) ?? '') ?? [];
  const wanted = leastGo.join('.');
  if (text === undefined) throw new Missing(`Go ${wanted} or newer is not on the PATH`);
  if (Number(major) < leastGo[0] || (Number(major) === leastGo[0] && Number(minor) < leastGo[1]))
    throw new Missing(`Go is ${text}; ${wanted} or newer is needed`);
  return text;
}

async function checkOut(site: Site, { name, repository, commit, variable }: GoSource): Promise<string> {
  const folder = path.join(site.dir, name);
  const given = process.env[variable];
  try {
    await printed('git', ['clone', '-q', given ?? repository, folder], { env: { GIT_TERMINAL_PROMPT: '0' } });
    await printed('git', ['-C', folder, 'checkout', '-q', commit]);
  } catch (error) {
    const hint = given === undefined ? `; ${variable} may name a checkout` : '';
    throw new Missing(`${given ?? repository} at ${commit.slice(0, 8)} is not to be had: ${firstLine(error)}${hint}`);
  }
  return folder;
}

const firstLine = (error: unknown) =>
  String((error as { stderr?: string }).stderr ?? error)
    .trim()
    .split('\n')
    .at(-1) ?? '';

/** Builds it with `-tags goolm`: cryptography in Go, so that no library is needed besides a C compiler for SQLite. @throws Missing */
export async function goProgram(site: Site, source: GoSource): Promise<GoProgram> {
  const go = await goVersion();
  if ((await printedOr('gcc', ['--version'])) === undefined)
    throw new Missing('gcc, which builds SQLite, is not installed');
  const folder = await checkOut(site, source);
  const env = { GOTOOLCHAIN: 'local', CGO_ENABLED: '1' };
  try {
    await printed('go', ['mod', 'download'], { cwd: folder, env });
  } catch (error) {
    throw new Missing(`the modules of ${source.name} are not to be had: ${firstLine(error)}`);
  }
  const binary = path.join(site.dir, `${source.name}-program`);
  await build(['build', '-p', '1', '-tags', 'goolm', '-o', binary, source.command], folder, env);
  const mautrix = await printed('go', ['list', '-m', '-f', '{{.Version}}', 'maunium.net/go/mautrix'], {
    cwd: folder,
    env,
  });
  const commit = await printed('git', ['-C', folder, 'show', '-s', '--format=%h of %cs', 'HEAD']);
  const itself = (await printed(binary, ['--version'])).replace(/^\S+ /, '').replace(/\+dev\.unknown.*/, '');
  return {
    binary,
    folder,
    versions: { [source.name]: `${itself} (${commit})`, 'mautrix (Go)': mautrix, go },
  };
}

// Behind whatever else the machine does. A build that fails is the program's own failure here, not something that is missing.
async function build(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(
      'nice',
      ['-n', String(lowPriority), 'go', ...args],
      { cwd, env: { ...process.env, ...env } },
      (error, _, text) =>
        error === null ? resolve() : reject(new Error(`go ${args.join(' ')}: ${text.slice(-1000)}`)),
    );
  });
}
