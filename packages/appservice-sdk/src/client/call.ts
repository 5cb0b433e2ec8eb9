// The SDK's only contact with the outside: HTTP to the homeserver, time and chance. Everything else gets them handed in.
// A call is one request and one answer; whether to try again is retry.ts's decision.

import { CallError } from './call-error.ts';
import type { Clock } from './clock.ts';

/** A call that takes longer has failed; joins over federation may take most of it. */
const TIMEOUT_MS = 60_000;
/** An answer larger than this is refused; /messages and /state of large rooms stay far below. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** One request to a homeserver. */
export interface CallRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH';
  /** Path with its parameters already escaped (`requestTo` does it), without the query. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** JSON, or bytes that are sent as they are with `contentType`. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** The user to act as; the registration's own user when absent. */
  readonly asUser?: string;
  readonly deviceId?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** The answer as bytes instead of JSON. */
  readonly answer?: 'json' | 'bytes';
  /** Whether sending it twice is harmless. Default: everything but POST. */
  readonly idempotent?: boolean;
}

/** Does one request; throws CallError. */
export type Call = (request: CallRequest) => Promise<unknown>;

/** A caller for one homeserver with one application service's token. */
export function createCall(homeserverUrl: string, asToken: string): Call {
  const base = homeserverUrl.replace(/\/+$/, '');
  return async (request) => {
    const response = await send(base, asToken, request);
    const bytes = await readAnswer(response);
    if (response.ok && request.answer === 'bytes') return bytes;
    const answer = parseAnswer(bytes);
    if (response.ok && answer !== undefined) return answer;
    throw refusal(response, answer);
  };
}

/** The real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

/** A number from 0 to below 1. */
export function systemRandom(): number {
  return Math.random();
}

async function send(base: string, asToken: string, request: CallRequest): Promise<Response> {
  const url = new URL(base + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  if (request.asUser !== undefined) url.searchParams.set('user_id', request.asUser);
  if (request.deviceId !== undefined) url.searchParams.set('device_id', request.deviceId);
  const headers: Record<string, string> = { authorization: `Bearer ${asToken}` };
  let body: string | Uint8Array<ArrayBuffer> | undefined;
  if (request.body instanceof Uint8Array) body = new Uint8Array(request.body);
  else if (request.body !== undefined) body = JSON.stringify(request.body);
  if (body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
  const timeout = AbortSignal.timeout(request.timeoutMs ?? TIMEOUT_MS);
  const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
  try {
    return await fetch(url, { method: request.method, headers, body: body ?? null, signal, redirect: 'error' });
  } catch (cause) {
    if (timeout.aborted)
      throw new CallError('PONS_TIMEOUT', `no answer to ${request.method} ${request.path} in time`, {
        status: 0,
        cause,
      });
    throw new CallError('PONS_UNREACHABLE', `cannot reach ${base}${causeOf(cause)}`, { status: 0, cause });
  }
}

/** What the network said, which fetch hides in a cause: `ECONNREFUSED`, `ENOTFOUND`. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  return ` (${'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message})`;
}

async function readAnswer(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > ANSWER_BYTES_MAX)
        throw new CallError('PONS_NOT_MATRIX', 'the answer is larger than 64 MiB', { status: response.status });
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof CallError) throw cause;
    throw new CallError('PONS_UNREACHABLE', 'the connection broke during the answer', { status: 0, cause });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function parseAnswer(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    // A proxy's HTML, for instance: reported by status below.
    return undefined;
  }
}

function refusal(response: Response, answer: unknown): CallError {
  const body = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
  const errcode = typeof body['errcode'] === 'string' ? body['errcode'] : 'PONS_NOT_MATRIX';
  const text = typeof body['error'] === 'string' ? body['error'] : `HTTP ${response.status}`;
  const retryAfterMs = retryAfter(response.headers.get('retry-after'), body['retry_after_ms']);
  return new CallError(errcode, text, { status: response.status, retryAfterMs, answer: body });
}

/** Milliseconds; the header (seconds) is the current form, the body's field the old one. */
function retryAfter(header: string | null, field: unknown): number | undefined {
  if (header !== null && /^\d+$/.test(header)) return Number(header) * 1000;
  return typeof field === 'number' && field >= 0 ? field : undefined;
}
