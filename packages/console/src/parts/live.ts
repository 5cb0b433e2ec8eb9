// A value that is asked for again every two seconds while the page is open and visible.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { session, signOut } from '../session.ts';
import { reason } from './reason.ts';

const everyMs = 2000;

interface State<T> {
  readonly value?: T;
  readonly error?: string;
  /** The server says that there is no such thing. */
  readonly missing?: boolean;
}
export interface Live<T> extends State<T> {
  /** Asks at once, such as after a change. */
  readonly again: () => void;
}

/** GET path again and again. A 401 signs out. */
export function useLive<T>(path: string): Live<T> {
  const [state, setState] = useState<State<T>>({});
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    const stop = new AbortController();
    const ask = async () => {
      try {
        const value = await call<T>('GET', path, { token: session.value?.token ?? '', signal: stop.signal });
        if (!stop.signal.aborted) setState({ value });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) void signOut();
        const missing = error instanceof ApiError && error.status === 404;
        setState((before) => ({ ...before, error: reason(error), missing }));
      }
    };
    again.current = () => void ask();
    void ask();
    const timer = setInterval(() => {
      if (!document.hidden) void ask();
    }, everyMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [path]);
  return { ...state, again: () => again.current() };
}
