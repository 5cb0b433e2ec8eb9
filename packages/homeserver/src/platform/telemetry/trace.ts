// Traces: a span from the request that made an event to each acknowledgement by an application service. The context travels as a
// W3C traceparent, stored with the event's row, because the reader that delivers it runs later and perhaps elsewhere; so spans name
// their parent explicitly and nothing hangs on asynchronous context. Off, a traceparent that a client sent is still passed on.
// The exporter is a file of its own (trace-export.ts), loaded when it is configured: it costs 40 MB of memory.
// https://www.w3.org/TR/trace-context/#traceparent-header

/** What a span says besides its name: never a token or anything that people wrote. */
export type TraceAttributes = Readonly<Record<string, string | number>>;

/** A span that has begun. */
export interface TraceSpan {
  /** What to store, and to give to whoever continues the trace. */
  readonly traceparent: string;
  set(attributes: TraceAttributes): void;
  /** Ends it; with an error it is marked as failed. A text is passed on; of anything else nobody knows what is in it. */
  end(error?: unknown): void;
}

/** Makes spans. */
export interface Tracing {
  readonly enabled: boolean;
  /**
   * Begins a span; `undefined` when tracing is off.
   *
   * @param parent  a traceparent; a new trace begins without one or with a malformed one
   */
  span(kind: 'server' | 'client' | 'internal', name: string, parent?: string): TraceSpan | undefined;
  /** Sends what has not been sent. */
  stop(): Promise<void>;
}

/** No tracing. */
export const noTracing: Tracing = { enabled: false, span: () => undefined, stop: async () => {} };

/** The traceparent if it is well-formed: what a client sends is stored, so it must not be anything else. */
export function validTraceparent(header: unknown): string | undefined {
  if (typeof header !== 'string' || !/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header)) return undefined;
  return /^00-0{32}|-0{16}-/.test(header) ? undefined : header;
}
