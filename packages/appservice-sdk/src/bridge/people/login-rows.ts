// What is kept of logins: the credentials that the network saved, whose a login is, and the network's own values.

import type { Sqlite } from '../../store/sqlite.ts';
import type { Login, LoginId } from '../network.ts';

/** Keeps a login. `given`: the credentials that it began with. */
export function rememberLogin(
  sqlite: Sqlite,
  row: { id: LoginId; mxid: string | undefined; given: unknown; cred: unknown },
): Promise<number> {
  const sql = 'insert or replace into logins (login_id, mxid, given, cred) values (?, ?, ?, ?)';
  return sqlite.write(() =>
    sqlite.run(sql, row.id, row.mxid ?? null, JSON.stringify(row.given), JSON.stringify(row.cred)),
  );
}

/** The credentials that the network saved, as long as the login is begun with the same ones. */
export function savedCred(sqlite: Sqlite, id: LoginId, given: unknown): unknown {
  const row = sqlite.get<{ given: string; cred: string }>('select given, cred from logins where login_id = ?', id);
  return row && row.given === JSON.stringify(given) ? (JSON.parse(row.cred) as unknown) : given;
}

/** Whose login it is. */
export function ownerOfLogin(sqlite: Sqlite, id: LoginId): string | undefined {
  return sqlite.get<{ mxid: string | null }>('select mxid from logins where login_id = ?', id)?.mxid ?? undefined;
}

/** The values that a network keeps with a login: cursors, session keys. */
export function loginValues(sqlite: Sqlite, loginId: LoginId): Login<unknown, unknown>['kv'] {
  return {
    async get(key) {
      return sqlite.get<{ value: Uint8Array }>(
        'select value from login_values where login_id = ? and key = ?',
        loginId,
        key,
      )?.value;
    },
    async set(key, value) {
      await sqlite.write(() =>
        value === null
          ? sqlite.run('delete from login_values where login_id = ? and key = ?', loginId, key)
          : sqlite.run(
              'insert or replace into login_values (login_id, key, value) values (?, ?, ?)',
              loginId,
              key,
              value,
            ),
      );
    },
  };
}
