// The console's folder of static files; built first where the sources are newer than what was built (in a checkout).
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const buildWithinMs = 60_000;

function newest(dir: string): number {
  return Math.max(
    ...readdirSync(dir, { withFileTypes: true, recursive: true }).map(
      (entry) => statSync(path.join(entry.parentPath, entry.name)).mtimeMs,
    ),
  );
}

function consoleHome(): string | undefined {
  try {
    return path.dirname(createRequire(import.meta.url).resolve('@pons/console/package.json'));
  } catch {
    return undefined; // an installation without the console's package
  }
}

/** The console as it was built last; undefined where it never was. `pons serve` builds nothing: it has to be ready at once. */
export function builtConsole(): string | undefined {
  const home = consoleHome();
  const dist = home === undefined ? undefined : path.join(home, 'dist');
  return dist !== undefined && existsSync(path.join(dist, 'index.html')) ? dist : undefined;
}

/** Path of the console's dist folder; undefined where there is no console. */
export async function consoleDir(log: (text: string) => void): Promise<string | undefined> {
  const home = consoleHome();
  if (home === undefined) return undefined;
  const dist = path.join(home, 'dist');
  const source = path.join(home, 'src');
  if (!existsSync(source)) return existsSync(dist) ? dist : undefined;
  const built = existsSync(path.join(dist, 'index.html')) ? statSync(path.join(dist, 'index.html')).mtimeMs : 0;
  if (built > newest(source)) return dist;
  log('building the console');
  const vite = path.join(
    path.dirname(createRequire(path.join(home, 'package.json')).resolve('vite/package.json')),
    'bin/vite.js',
  );
  await run(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: home, timeout: buildWithinMs });
  return dist;
}
