// Traces: a span from the request that made an event to each acknowledgement by an application service. The context travels as a
// W3C traceparent, stored with the event's row, because the reader that delivers it runs later and perhaps elsewhere; so spans name
// their parent explicitly and nothing hangs on asynchronous context. Off, a traceparent that a client sent is still passed on.
// https://www.w3.org/TR/trace-context/#traceparent-header

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';

/** A span that has begun. */
export interface TraceSpan {
  /** What to store, and to give to whoever continues the trace. */
  readonly traceparent: string;
  /** Ends it; with an error it is marked as failed. */
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

/** Spans waiting for export; beyond that they are dropped rather than kept. */
const SPANS_WAITING_MAX = 4096;
const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/** No tracing. */
export const noTracing: Tracing = { enabled: false, span: () => undefined, stop: async () => {} };

/** Tracing with an exporter, as `otlpExporter` makes it. */
export function createTracing(exporter: SpanExporter, serviceName: string): Tracing {
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'pons', 'service.instance.id': serviceName }),
    spanProcessors: [new BatchSpanProcessor({ exporter, maxQueueSize: SPANS_WAITING_MAX })],
  });
  const tracer = provider.getTracer('pons');
  return {
    enabled: true,
    span: (kind, name, parent) => begin(tracer, kinds[kind], name, parent),
    stop: () => provider.shutdown(),
  };
}

/** Exports to an OTLP collector over HTTP. `endpoint` is its root, such as `http://127.0.0.1:4318`. */
export function otlpExporter(endpoint: string): SpanExporter {
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
}

/** The traceparent if it is well-formed: what a client sends is stored, so it must not be anything else. */
export function validTraceparent(header: unknown): string | undefined {
  if (typeof header !== 'string' || !/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header)) return undefined;
  return /^00-0{32}|-0{16}-/.test(header) ? undefined : header;
}

function begin(tracer: Tracer, kind: SpanKind, name: string, parent: string | undefined): TraceSpan {
  const span = tracer.startSpan(name, { kind }, contextOf(parent));
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    end(error) {
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function contextOf(parent: string | undefined): typeof ROOT_CONTEXT {
  const valid = validTraceparent(parent);
  if (valid === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '01'] = valid.split('-');
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}
