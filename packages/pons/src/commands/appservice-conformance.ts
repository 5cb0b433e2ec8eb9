// `pons appservice conformance` and `pons appservice test`: the conformance kit, against a homeserver and against an application service.
// Exit code 0 when everything that binds holds, 1 when something does not, 2 when the command line or a file is wrong.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as Kit from '@pons/appservice-conformance';
import { OperatorError } from '@pons/homeserver/operator-error';
import { formatComplaint, loadRegistration, serverNameIn } from '@pons/registration';
import { Command } from 'commander';
import { readText } from '../on-disk.ts';
import { durationMs } from './appservice-calls.ts';
import { collect } from './configured.ts';
import { portMax, wholeNumber } from './whole-number.ts';

/** Both commands. */
export const conformanceCommands = (): readonly Command[] => [conformanceCommand(), testCommand()];

interface ConformanceOptions {
  readonly against?: string;
  readonly registrations?: string;
  readonly writeRegistrations?: string;
  readonly host: string;
  readonly firstPort: number;
  readonly token?: string;
  readonly sharedSecret?: string;
  readonly patience: number;
  readonly only: readonly string[];
  readonly json?: boolean;
}

function conformanceCommand(): Command {
  return new Command('conformance')
    .description("measure a homeserver's application-service API: it is given services that try it")
    .option('--against <url>', 'where its client-server API is')
    .option('--write-registrations <dir>', 'write the registration files that it must load first, and do nothing more')
    .option('--registrations <dir>', 'the folder of those files, once it has loaded them')
    .option(
      '--token <token>',
      'a Pons: access token of an administrator, by which they are added live (default: $PONS_TOKEN)',
    )
    .option('--shared-secret <secret>', 'for accounts, where registration is not open: registration_shared_secret')
    .option('--host <address>', 'the address at which the homeserver reaches this machine', '127.0.0.1')
    .option(
      '--first-port <port>',
      'the first of the ports on which the services listen',
      wholeNumber(1, portMax),
      29_400,
    )
    .option('--patience <seconds>', 'how long something is waited for', wholeNumber(0), 15)
    .option('--only <prefix>', 'only claims whose id begins so, such as transactions/ (may be repeated)', collect, [])
    .option('--json', 'print one line for programs')
    .action(conformance);
}

/** As a shell has it for a program that SIGINT ended. */
const interruptedExitCode = 130;

async function conformance(options: ConformanceOptions): Promise<void> {
  const kit = await import('@pons/appservice-conformance');
  const { host, firstPort } = options;
  const ports = kit.roleNames.map((_, index) => firstPort + index);
  if (options.writeRegistrations !== undefined) {
    const files = kit.writeRegistrations({ dir: path.resolve(options.writeRegistrations), host, ports });
    console.log(files.join('\n'));
    return;
  }
  const { against: url, sharedSecret, registrations: dir } = options;
  if (url === undefined)
    throw new OperatorError(['give --against with the url of a homeserver, or --write-registrations']);
  try {
    // Before services are added to the homeserver.
    kit.checkAsked({ url, urlName: '--against', cases: kit.homeserverCases, only: onlyOf(options) });
  } catch (error) {
    mend(kit)(error);
  }
  const token = options.token ?? process.env['PONS_TOKEN'];
  const installer = token === undefined ? undefined : kit.ponsInstaller(url, token);
  if (dir === undefined && installer === undefined)
    throw new OperatorError([
      'give --registrations with the folder of the files that the homeserver has loaded (made by --write-registrations),',
      'or, for a Pons, --token with an administrator’s access token: then they are added live',
    ]);
  const sockets = mkdtempSync(path.join(tmpdir(), 'conformance-'));
  process.once('exit', () => rmSync(sockets, { recursive: true, force: true }));
  const installed =
    dir === undefined && installer !== undefined
      ? await kit.installAll(installer, { host, ports, dir: sockets }).catch(mend(kit))
      : { registrations: kit.readRegistrations(path.resolve(dir ?? '')), remove: async () => {} };
  if (installed.registrations.size === 0) throw new OperatorError([`${dir}: has no registrations of the kit`]);
  try {
    const stop = new AbortController();
    process.once('SIGINT', () => {
      console.error('stopping; what was made is taken away first (again: at once)');
      process.exitCode = interruptedExitCode;
      stop.abort();
    });
    const running = kit.runConformance({
      signal: stop.signal,
      url,
      registrations: installed.registrations,
      patienceMs: options.patience * 1000,
      ...(sharedSecret === undefined ? {} : { sharedSecret }),
      ...(installer === undefined ? {} : { installer }),
      only: onlyOf(options),
      ...progressOf(kit, options),
    });
    show('appservice-conformance', await running.catch(mend(kit)), kit, options);
  } finally {
    await installed.remove();
  }
}

interface TestOptions {
  readonly registration: string;
  readonly serverName?: string;
  readonly homeserverPort: number;
  readonly only: readonly string[];
  /** Milliseconds. */
  readonly within?: number;
  readonly json?: boolean;
}

function testCommand(): Command {
  return new Command('test')
    .description('measure an application service in any language: a homeserver is played to it')
    .argument('<url>', 'where the application service listens')
    .requiredOption('--registration <file>', 'its registration.yaml')
    .option(
      '--server-name <name>',
      'server_name that it is configured with (default: the one that its patterns name, else localhost)',
    )
    .option(
      '--homeserver-port <port>',
      'port at which it looks for its homeserver, played here on loopback',
      wholeNumber(0, portMax),
      8008,
    )
    .option('--only <prefix>', 'only claims whose id begins so, such as tokens/ (may be repeated)', collect, [])
    .option('--within <duration>', 'how long the claims may take, all of them: 90s, 10m (default: 30m)', durationMs)
    .option('--json', 'print one line for programs')
    .action(test);
}

async function test(url: string, options: TestOptions): Promise<void> {
  const kit = await import('@pons/appservice-conformance');
  const { registration: file, homeserverPort } = options;
  try {
    kit.checkAsked({ url, urlName: 'the first argument', cases: kit.serviceCases, only: onlyOf(options) });
  } catch (error) {
    mend(kit)(error);
  }
  const text = readText(file);
  const serverName = options.serverName ?? serverNameIn([{ file, text }]) ?? 'localhost';
  const loaded = loadRegistration(text, { file, serverName });
  if (loaded.outcome === 'refused') throw new OperatorError(loaded.complaints.map(formatComplaint));
  const report = await kit
    .testService({
      url,
      registration: loaded.registration,
      serverName,
      homeserverPort,
      onListening: (homeserver) =>
        console.error(`playing the homeserver ${serverName} at ${homeserver}, and waiting for ${url}`),
      only: onlyOf(options),
      ...(options.within === undefined ? {} : { withinMs: options.within }),
      ...progressOf(kit, options),
    })
    .catch((error: unknown) => mend(kit)(unlistenable(error, homeserverPort) ?? error));
  show('appservice-test', report, kit, options);
}

/** What is wrong with the set-up is the operator's to mend. */
function mend({ SetUpFault }: typeof Kit): (error: unknown) => never {
  return (error) => {
    throw error instanceof SetUpFault ? new OperatorError(error.lines, { cause: error }) : error;
  };
}

// The port at which the homeserver is played is the operator's to choose.
function unlistenable(cause: unknown, port: number): OperatorError | undefined {
  const { code, syscall } = cause as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be listened at (${code})`;
  if (syscall !== 'listen') return undefined;
  return new OperatorError(
    [`port ${port}, at which the homeserver is played, ${why}: give another to --homeserver-port`],
    { cause },
  );
}

const onlyOf = ({ only }: { readonly only: readonly string[] }) => (only.length === 0 ? undefined : only);

/** Each claim is printed as it ends, and on a terminal the one that is tried; programs are not disturbed. */
function progressOf(
  { formatResult }: typeof Kit,
  { json }: { readonly json?: boolean },
): { onBegin?: (claim: string) => void; onResult?: (result: Kit.CaseResult) => void } {
  if (json === true) return {};
  let chapter = '';
  return {
    onBegin: (claim) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r\x1b[K  …       ${claim.slice(0, (process.stderr.columns ?? 80) - 11)}`);
    },
    onResult: (result) => {
      wipeProgress();
      console.log(formatResult(result, chapter));
      chapter = result.chapter;
    },
  };
}

function wipeProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

function show(name: string, report: Kit.Report, kit: typeof Kit, { json }: { readonly json?: boolean }): void {
  if (json !== true) wipeProgress();
  const ok = kit.conforms(report);
  // The claims stand above already.
  console.log(json === true ? JSON.stringify(kit.reportLine(name, report)) : kit.formatSums(report));
  if (!ok) process.exitCode = 1;
}
