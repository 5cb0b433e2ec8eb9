// What a bridge stands on in its own machine: the file of its store and the port that it listens on. What is wrong with either is one
// line for the person who runs it; run-bridge.ts calls it first.

import { OperatorError } from '../operator-error.ts';
import { type Sqlite, openSqlite } from '../store/sqlite.ts';

/** SQLite's own numbers for a file that cannot be opened, is no database, is held by another, may not be written. */
const CANNOT_OPEN = 14;
const NO_DATABASE = 26;
const BUSY = 5;
const READ_ONLY = 8;

/** Opens the store. @throws {OperatorError} */
export function openStoreFile(path: string): Sqlite {
  try {
    return openSqlite(path);
  } catch (error) {
    const { errcode, message } = error as { errcode?: number; message: string };
    const reasons: Readonly<Record<number, string>> = {
      [CANNOT_OPEN]: 'cannot be made or opened: its folder must be there, and this user must be able to write into it',
      [NO_DATABASE]: 'is something else than a store of this bridge: name another file',
      [BUSY]: 'is in use by another process: is this bridge running already? stop that one first',
      [READ_ONLY]: 'may not be written by this user: change its owner or mode',
    };
    const reason = errcode === undefined ? undefined : reasons[errcode & 0xff];
    if (reason === undefined) throw error;
    throw new OperatorError([`store ${path}: ${reason} (${message})`], error);
  }
}

/** Listens by `listen`, which is to use this address. @throws {OperatorError} */
export async function listenOn(
  { bind, port }: { readonly bind: string; readonly port: number },
  listen: () => Promise<void> | undefined,
): Promise<void> {
  try {
    await listen();
  } catch (error) {
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE:
        'is taken by another program: stop that one, or listen on another port and write the same into the url of the registration',
      EACCES: 'may not be listened on by this user: take a port from 1024 on',
      EADDRNOTAVAIL: 'is no address of this machine: bind 127.0.0.1, or 0.0.0.0 for all',
      ENOTFOUND: 'is no address that is known: bind 127.0.0.1, or 0.0.0.0 for all',
    };
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new OperatorError([`${bind}:${port} ${reason}`], error);
  }
}
