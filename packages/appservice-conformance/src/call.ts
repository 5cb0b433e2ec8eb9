// One HTTP request as the kit makes it, to a homeserver or to an application service: whatever is answered is a value, so that a case can
// say what was wrong with it. Redirects are not followed: an answer is judged as it came.

import http from 'node:http';
import https from 'node:https';

/** A request. `path` is below the base url. */
export interface CallOptions {
  readonly token?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Bytes sent as they are instead of `body`. */
  readonly bytes?: Buffer;
  readonly timeoutMs?: number;
  /** Hang up once this much of the answer's time has passed; the answer is then `status: 0`. */
  readonly hangUpAfterMs?: number;
  /** Ends it, and what is asked after that: the answer is `status: 0`. */
  readonly signal?: AbortSignal;
}

/** What came: `status` 0 when nobody answered, and then `text` says why. */
export interface Answer {
  readonly status: number;
  readonly errcode: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly headers: Readonly<http.IncomingHttpHeaders>;
}

const defaultTimeoutMs = 30_000;
const wordsMax = 500;
const answerBytesMax = 16_777_216;
/** Connections are kept, so that hundreds of requests do not use up the machine's ports. */
const plain = new http.Agent({ keepAlive: true, maxSockets: 64 });
const secure = new https.Agent({ keepAlive: true, maxSockets: 64 });

/** Sends a request and answers what came of it; never throws for what the other side does. */
export function call(base: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const { token, query = {}, body, timeoutMs = defaultTimeoutMs, hangUpAfterMs } = options;
  const url = new URL(`${base.replace(/\/+$/, '')}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const payload = options.bytes ?? (body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
  const headers: http.OutgoingHttpHeaders = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  if (payload !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = payload.byteLength;
  }
  const ending = options.signal === undefined ? {} : { signal: options.signal };
  const [client, agent] = url.protocol === 'https:' ? [https, secure] : [http, plain];
  return new Promise((resolve) => {
    const silent = (why: string) => resolve({ status: 0, errcode: '', json: {}, text: why, headers: {} });
    const request = client.request(url, { method, headers, agent, timeout: timeoutMs, ...ending }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > answerBytesMax) request.destroy(new Error(`the answer is larger than ${answerBytesMax} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString('utf8'))));
      response.on('error', (error) => silent(error.message));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', (error) => silent(error.message || 'the connection broke'));
    if (hangUpAfterMs !== undefined) setTimeout(() => request.destroy(new Error('hung up')), hangUpAfterMs);
    request.end(payload);
  });
}

function answerOf(response: http.IncomingMessage, text: string): Answer {
  let json: Readonly<Record<string, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      json = parsed as Record<string, unknown>;
  } catch {
    // No JSON: the case sees the text.
  }
  const errcode = typeof json['errcode'] === 'string' ? json['errcode'] : '';
  return { status: response.statusCode ?? 0, errcode, json, text, headers: response.headers };
}

/** An answer in a few words, for a reason. */
export function describe({ status, errcode, text }: Answer): string {
  if (status === 0) return `no answer (${text})`;
  return errcode === '' ? `${status} ${withoutTokens(text).slice(0, 120)}`.trim() : `${status} ${errcode}`;
}

const withoutTokens = (text: string) => text.replaceAll(/("\w*token"\s*:\s*")[^"]*/g, '$1…');

/** The same with the other side's own words. */
export function describeInFull(answer: Answer): string {
  const { error } = answer.json;
  return typeof error === 'string' ? `${describe(answer)}: ${error.slice(0, wordsMax)}` : describe(answer);
}

/** `%`-encodes one part of a path. */
export const part = (value: string): string => encodeURIComponent(value);
