// A value that is asked for again every two seconds while the page is open and visible.
import { useEffect, useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { session, signOut } from '../session.ts';

const everyMs = 2000;

export interface Live<T> {
  readonly value?: T;
  readonly error?: string;
}

/** GET path again and again. A 401 signs out. */
export function useLive<T>(path: string): Live<T> {
  const [state, setState] = useState<Live<T>>({});
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      if (document.hidden) return;
      try {
        const value = await call<T>('GET', path, { token: session.value?.token ?? '', signal: stop.signal });
        setState({ value });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) void signOut();
        setState((before) => ({ ...before, error: error instanceof Error ? error.message : String(error) }));
      }
    };
    void ask();
    const timer = setInterval(() => void ask(), everyMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [path]);
  return state;
}
