// Something that a button does on the server: whether it still runs, and what went wrong.
import { useState } from 'preact/hooks';
import { call } from '../api.ts';
import { session } from '../session.ts';
import { reason } from './reason.ts';

export interface Action {
  readonly error: string | undefined;
  readonly busy: boolean;
  /** Asks; undefined when it was refused, and `error` says why. */
  readonly act: <T>(method: string, path: string, body?: object) => Promise<T | undefined>;
}

/** Requests of the one who is signed in. */
export function useAction(): Action {
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const act = async <T>(method: string, path: string, body?: object): Promise<T | undefined> => {
    setBusy(true);
    setError(undefined);
    try {
      return await call<T>(method, path, {
        token: session.value?.token ?? '',
        ...(body === undefined ? {} : { body }),
      });
    } catch (failure) {
      setError(reason(failure));
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { error, busy, act };
}
