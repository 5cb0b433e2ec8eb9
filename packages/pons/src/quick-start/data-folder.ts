// What the quick start keeps in its data folder besides the homeserver's own: the first account's password, the bridge's registration
// and the port that the bridge listens on. All of it may be deleted while nothing runs, except that a lost registration means new tokens.
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OperatorError } from '@pons/homeserver';
import { formatComplaint, generateRegistration, loadRegistration, prefixRegex } from '@pons/registration';
import { freePort, isFree } from '../loopback-port.ts';

/** Modes of files that hold secrets. */
const secretMode = 0o600;

export interface DataFolder {
  readonly dir: string;
  /** Password of @admin. */
  readonly password: string;
  readonly passwordFile: string;
  readonly registrationFile: string;
  /** Port of the bridge's listener on loopback. */
  readonly bridgePort: number;
}

/** Reads the folder, and makes what is missing. @throws OperatorError when the folder cannot be written */
export async function openDataFolder(dir: string, serverName: string): Promise<DataFolder> {
  try {
    mkdirSync(path.join(dir, 'appservices'), { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError([`cannot write into ${dir} (${code ?? message}): choose another folder with --data`]);
  }
  const passwordFile = path.join(dir, 'admin-password');
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, `${randomBytes(15).toString('base64url')}\n`, { mode: secretMode });
  const registrationFile = path.join(dir, 'appservices', 'irc.yaml');
  const bridgePort = await bridgePortOf(registrationFile);
  if (!existsSync(registrationFile))
    writeFileSync(registrationFile, newRegistration(serverName, bridgePort), { mode: secretMode });
  return {
    dir,
    password: readFileSync(passwordFile, 'utf8').trim(),
    passwordFile,
    registrationFile,
    bridgePort,
  };
}

function newRegistration(serverName: string, port: number): string {
  return generateRegistration({
    id: 'irc',
    url: `http://127.0.0.1:${port}`,
    asToken: randomBytes(32).toString('hex'),
    hsToken: randomBytes(32).toString('hex'),
    senderLocalpart: '_irc_bot',
    namespaces: {
      users: [{ regex: prefixRegex('@', '_irc_', serverName), exclusive: true }],
      aliases: [{ regex: prefixRegex('#', '_irc_', serverName), exclusive: true }],
      rooms: [],
    },
    rateLimited: false,
    protocols: ['irc'],
    receiveEphemeral: true,
  });
}

// The port in the registration, as long as nobody else has taken it; else the file gets a free one.
async function bridgePortOf(file: string): Promise<number> {
  if (!existsSync(file)) return freePort();
  const loaded = loadRegistration(readFileSync(file, 'utf8'), { file });
  if (loaded.outcome === 'refused') throw new OperatorError(loaded.complaints.map(formatComplaint));
  const port = Number(new URL(loaded.registration.url ?? 'http://localhost:0').port);
  if (await isFree(port)) return port;
  const next = await freePort();
  writeFileSync(file, readFileSync(file, 'utf8').replace(`127.0.0.1:${port}`, `127.0.0.1:${next}`));
  return next;
}
