// A value that is asked for again every second or two while the page is open and visible; when it becomes visible again, at once.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from '../api.ts';
import { session, signOut } from '../session.ts';
import { reason } from './reason.ts';

const usualMs = 2000;

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
export function useLive<T>(path: string, everyMs: number = usualMs): Live<T> {
  const [state, setState] = useState<State<T>>({});
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    const stop = new AbortController();
    let isAsking = false;
    const ask = async () => {
      isAsking = true;
      try {
        const value = await call<T>('GET', path, { token: session.value?.token ?? '', signal: stop.signal });
        if (!stop.signal.aborted) setState({ value });
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) void signOut();
        const missing = error instanceof ApiError && error.status === 404;
        setState((before) => ({ ...before, error: reason(error), missing }));
      } finally {
        isAsking = false;
      }
    };
    again.current = () => void ask();
    void ask();
    // A server that is slow is not asked again before it has answered.
    const timer = setInterval(() => {
      if (!document.hidden && !isAsking) void ask();
    }, everyMs);
    const seen = () => {
      if (!document.hidden && !isAsking) void ask();
    };
    document.addEventListener('visibilitychange', seen);
    return () => {
      stop.abort();
      clearInterval(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [path, everyMs]);
  return { ...state, again: () => again.current() };
}
