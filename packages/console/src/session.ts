// Who is signed in. The access token stays in this tab (sessionStorage) and is revoked by signing out.
import { signal } from '@preact/signals';
import { ApiError, call } from './api.ts';

export interface Session {
  readonly userId: string;
  readonly token: string;
}
const key = 'pons.session';

function stored(): Session | undefined {
  const text = sessionStorage.getItem(key);
  return text === null ? undefined : (JSON.parse(text) as Session);
}

/** undefined: nobody is signed in. */
export const session = signal<Session | undefined>(stored());

/** Whether whoever is signed in is an administrator; undefined: not known yet. Others see their own page only. */
export const isAdmin = signal<boolean | undefined>(undefined);

/** Finds out. */
export async function askWhetherAdmin(): Promise<void> {
  const asked = session.value;
  if (asked === undefined) return;
  try {
    await call('GET', '/_pons/admin/v1/statistics', { token: asked.token });
    isAdmin.value = true;
  } catch (error) {
    // A server that does not answer says nothing; the pages say what is wrong.
    if (error instanceof ApiError && error.status === 401) await signOut();
    else isAdmin.value = !(error instanceof ApiError && error.status === 403);
  }
}

/** Signs in with a password. @throws ApiError */
export async function signIn(user: string, password: string): Promise<void> {
  const answer = await call<{ user_id: string; access_token: string }>('POST', '/_matrix/client/v3/login', {
    body: {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password,
      initial_device_display_name: 'Pons console',
    },
  });
  const next = { userId: answer.user_id, token: answer.access_token };
  sessionStorage.setItem(key, JSON.stringify(next));
  isAdmin.value = undefined;
  session.value = next;
}

/** Forgets the session here at once, and on the server if it answers. */
export async function signOut(): Promise<void> {
  const token = session.value?.token;
  sessionStorage.removeItem(key);
  session.value = undefined;
  isAdmin.value = undefined;
  // The tab has forgotten it either way: a server that does not answer must not keep anybody signed in here.
  if (token !== undefined) await call('POST', '/_matrix/client/v3/logout', { token, body: {} }).catch(() => undefined);
}
