// Spans by OpenTelemetry, sent to an OTLP collector in batches. Loaded only when one is configured.

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { type TraceSpan, type Tracing, validTraceparent } from './trace.ts';

/** Spans waiting for export; beyond that they are dropped rather than kept. */
const SPANS_WAITING_MAX = 4096;
const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

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

function begin(tracer: Tracer, kind: SpanKind, name: string, parent: string | undefined): TraceSpan {
  const span = tracer.startSpan(name, { kind }, contextOf(parent));
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    set: (attributes) => void span.setAttributes(attributes),
    end(error) {
      if (error !== undefined)
        span.setStatus({ code: SpanStatusCode.ERROR, ...(typeof error === 'string' ? { message: error } : {}) });
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
