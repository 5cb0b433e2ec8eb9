// PostgreSQL refuses to run as root, and containers run everything as root. So a root process starts it another way: as an
// unprivileged user who keeps the one capability that reaches data and binaries anywhere (PostgreSQL looks only at its uid and at who
// owns the data), else inside a user namespace where root has another number. Called by supervise.ts, which tries each in turn.
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { EmbeddedDatabaseError } from './embedded-error.ts';

const run = promisify(execFile);
/** `nobody` everywhere. initdb insists on a uid that the system can name. */
const nobody = { uid: 65_534, gid: 65_534 };
const probeTimeoutMs = 10_000;

/** A way to start PostgreSQL. */
export interface RunAs {
  readonly name: 'plain' | 'setpriv' | 'unshare';
  /** Who must own the data folder; undefined: whoever does. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** What this way of starting puts before the command. */
  wrap(command: string, args: readonly string[]): { readonly command: string; readonly args: readonly string[] };
  /** First line of `postgres --version`, run this way. */
  readonly version: string;
}

type Way = Omit<RunAs, 'version'>;
interface Surroundings {
  readonly postgres: string;
  readonly dataFolder: string;
  readonly env: NodeJS.ProcessEnv;
}

// The kernel ends PostgreSQL (SIGINT: an orderly, fast stop) when the process that started it dies, however it dies.
const dieWithParent = ['--pdeathsig', 'INT'];

function ownerOf(folder: string): { uid: number; gid: number } | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { uid: stat.uid, gid: stat.gid };
}

function waysOfRoot(dataFolder: string): Way[] {
  const found = ownerOf(dataFolder);
  const user = found === undefined || found.uid === 0 ? nobody : found;
  return [
    {
      name: 'setpriv',
      owner: user,
      wrap: (command, args) => ({
        command: 'setpriv',
        args: [
          `--reuid=${user.uid}`,
          `--regid=${user.gid}`,
          '--clear-groups',
          // access(2), by which initdb looks for its neighbour postgres, forgets capabilities of other users than root without this.
          '--securebits=+no_setuid_fixup',
          '--inh-caps=-all,+dac_override',
          '--ambient-caps=-all,+dac_override',
          ...dieWithParent,
          command,
          ...args,
        ],
      }),
    },
    {
      name: 'unshare',
      owner: { uid: 0, gid: 0 },
      wrap: (command, args) => ({
        command: 'unshare',
        args: [...asNobodyInside, 'setpriv', ...dieWithParent, command, ...args],
      }),
    },
  ];
}
const asNobodyInside = ['--user', `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`];

function waysOfUser(uid: number): Way[] {
  const plain: Way = { name: 'plain', owner: undefined, wrap: (command, args) => ({ command, args }) };
  if (process.platform !== 'linux') return [plain];
  const guarded: Way = {
    ...plain,
    wrap: (command, args) => ({ command: 'setpriv', args: [...dieWithParent, command, ...args] }),
  };
  // A container may run under a uid that has no name; initdb refuses that, and a user namespace gives it one.
  const nameless: Way = {
    ...plain,
    name: 'unshare',
    wrap: (command, args) => ({
      command: 'unshare',
      args: [...asNobodyInside, 'setpriv', ...dieWithParent, command, ...args],
    }),
  };
  return hasName(uid) ? [guarded, plain] : [nameless, guarded, plain];
}

function hasName(uid: number): boolean {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .some((line) => line.split(':')[2] === String(uid));
  } catch {
    return true; // no such file: names come from elsewhere, and initdb says so if they do not
  }
}

/**
 * The first way that works here.
 *
 * @throws EmbeddedDatabaseError when there is none
 */
export async function chooseRunAs({ postgres, dataFolder, env }: Surroundings): Promise<RunAs> {
  const uid = process.getuid?.() ?? -1;
  const failures: string[] = [];
  for (const way of uid === 0 ? waysOfRoot(dataFolder) : waysOfUser(uid)) {
    const { command, args } = way.wrap(postgres, ['--version']);
    try {
      const { stdout } = await run(command, args, { env, timeout: probeTimeoutMs });
      return { ...way, version: stdout.split('\n')[0] ?? '' };
    } catch (error) {
      failures.push(`${command}: ${reason(error)}`);
    }
  }
  throw new EmbeddedDatabaseError(
    uid === 0
      ? `PostgreSQL does not run as root, and neither dropping to another user nor a user namespace works here (${failures.join('; ')}): run Pons as an ordinary user, or set database to the URL of a server`
      : `PostgreSQL does not start (${failures.join('; ')})`,
  );
}

function reason(error: unknown): string {
  const { stderr, code, message } = error as { stderr?: string; code?: unknown; message: string };
  if (code === 'ENOENT') return 'not installed';
  return (stderr !== undefined && stderr.trim() !== '' ? stderr : message).trim().split('\n')[0] ?? '';
}
