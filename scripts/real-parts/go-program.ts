// A program in Go from its public repository, at a pinned commit: cloned, or taken from a checkout that the caller has, and built as it is.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { Missing } from './part.ts';
import { printed, printedOr } from './program.ts';

/** From where, and what. */
export interface GoSource {
  readonly name: string;
  readonly repository: string;
  readonly commit: string;
  /** Environment variable that may name a checkout, or a repository without one, to take instead of cloning. */
  readonly variable: string;
  /** Package of the command, below the root. */
  readonly command: string;
  /** Build tags. */
  readonly tags?: string;
}

export interface GoProgram {
  readonly binary: string;
  /** Its checkout, for files that come with it. */
  readonly folder: string;
  readonly versions: Readonly<Record<string, string>>;
}

const leastGo = [1, 25] as const;
const lowPriority = 10;
/** The Go that is there, never a download of another; SQLite is C. */
const environment = { GOTOOLCHAIN: 'local', CGO_ENABLED: '1' };

/** Go's version. @throws Missing */
async function goVersion(): Promise<string> {
  const [, text, major, minor] = /go((\d+)\.(\d+)\S*)/.exec((await printedOr('go', ['version'])) ?? '') ?? [];
  const wanted = leastGo.join('.');
  if (text === undefined) throw new Missing(`Go ${wanted} or newer is not on the PATH`);
  if (Number(major) < leastGo[0] || (Number(major) === leastGo[0] && Number(minor) < leastGo[1]))
    throw new Missing(`Go is ${text}; ${wanted} or newer is needed`);
  return text;
}

async function checkOut(dir: string, { name, repository, commit, variable }: GoSource): Promise<string> {
  const folder = path.join(dir, name);
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

/**
 * Clones it below a folder, and builds it there.
 *
 * @returns its versions by itself and by its commit, and Go's
 * @throws Missing
 */
export async function goProgram(dir: string, source: GoSource): Promise<GoProgram> {
  const go = await goVersion();
  if ((await printedOr('gcc', ['--version'])) === undefined)
    throw new Missing('gcc, which builds SQLite, is not installed');
  const folder = await checkOut(dir, source);
  try {
    await printed('go', ['mod', 'download'], { cwd: folder, env: environment });
  } catch (error) {
    throw new Missing(`the modules of ${source.name} are not to be had: ${firstLine(error)}`);
  }
  const binary = path.join(dir, `${source.name}-program`);
  const tags = source.tags === undefined ? [] : ['-tags', source.tags];
  await build(['build', '-p', '1', ...tags, '-o', binary, source.command], folder);
  const commit = await printed('git', ['-C', folder, 'show', '-s', '--format=%h of %cs', 'HEAD']);
  const [itself = 'unknown'] = /v?\d[\w.]*/.exec(await printed(binary, ['--version'])) ?? [];
  return { binary, folder, versions: { [source.name]: `${itself} (${commit})`, go } };
}

/** A bridge on mautrix's framework, built with `-tags goolm`: cryptography in Go, so that no library is needed. @throws Missing */
export async function mautrixProgram(dir: string, source: GoSource): Promise<GoProgram> {
  const program = await goProgram(dir, { ...source, tags: 'goolm' });
  const asked = ['list', '-m', '-f', '{{.Version}}', 'maunium.net/go/mautrix'];
  const mautrix = await printed('go', asked, { cwd: program.folder, env: environment });
  return { ...program, versions: { ...program.versions, 'mautrix (Go)': mautrix } };
}

// Behind whatever else the machine does. A build that fails is the program's own failure here, not something that is missing.
async function build(args: readonly string[], cwd: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    execFile(
      'nice',
      ['-n', String(lowPriority), 'go', ...args],
      { cwd, env: { ...process.env, ...environment } },
      (error, _, text) =>
        error === null ? resolve() : reject(new Error(`go ${args.join(' ')}: ${text.slice(-1000)}`)),
    );
  });
}
