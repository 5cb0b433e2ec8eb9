// What goes over an application service's websocket, as text: the messages of `fi.mau.as_sync`, version 3, as mautrix speaks it. A transaction
// is a message by itself, with the frozen bytes as they are; everything else that would be a call by HTTP is wrapped in `http_proxy`.
//
//   we    {"command": "transaction", "id": 7, "txn_id": "12", "events": […], …}   it  {"command": "response", "id": 7, "data": {"txn_id": "12"}}
//   we    {"command": "http_proxy", "id": 8, "data": {"method", "path", …}}       it  {"command": "response", "id": 8, "data": {"status", …}}
//   it    {"command": "ping", "id": 1, "data": {"timestamp": …}}                  we  {"command": "response", "id": 1, "data": {"timestamp": …}}
//
// All of ours but errors say `"status": "ok"` too: heisenbridge looks at that first, and reconnects when it is missing.

import { isJsonObject, type JsonObject, type JsonValue } from '@pons/spec';

/** A message as it came. */
export interface IncomingMessage {
  readonly command: string;
  /** Of the request it is, or answers; undefined: no answer is wanted. */
  readonly id: number | undefined;
  readonly data: JsonValue | undefined;
}

/** A call by HTTP that is to be wrapped. */
export interface ProxiedCall {
  readonly method: string;
  /** Percent-encoded, with its query. */
  readonly path: string;
  readonly token: string;
  /** JSON. */
  readonly body?: Buffer;
}

/** A transaction: its frozen bytes, of which only the opening brace is left out. */
export function transactionMessage(id: number, txnId: string, body: Buffer): string {
  const head = `{"command":"transaction","id":${id},"status":"ok","txn_id":${JSON.stringify(txnId)}`;
  const rest = body.toString('utf8').slice(1);
  return rest.startsWith('}') ? `${head}${rest}` : `${head},${rest}`;
}

/** A wrapped call by HTTP. Names of headers as Go writes them: there they are looked up in that form only. */
export function proxyMessage(id: number, { method, path, token, body }: ProxiedCall): string {
  const mark = path.indexOf('?');
  const headers = {
    Authorization: [`Bearer ${token}`],
    ...(body === undefined ? {} : { 'Content-Type': ['application/json'] }),
  };
  const data = {
    method,
    path: mark < 0 ? path : path.slice(0, mark),
    query: mark < 0 ? '' : path.slice(mark + 1),
    headers,
    escaped_path: true,
  };
  const text = JSON.stringify({ command: 'http_proxy', id, status: 'ok', data });
  return body === undefined ? text : `${text.slice(0, -2)},"body":${body.toString('utf8')}}}`;
}

/** An answer to a request of the application service, or any other message of ours. */
export function plainMessage(command: string, id: number | undefined, data: JsonObject): string {
  const status = command === 'error' ? {} : { status: 'ok' };
  return JSON.stringify({ command, ...(id === undefined ? {} : { id }), ...status, data });
}

/** A message that came; undefined for what is none. */
export function readMessage(text: string): IncomingMessage | undefined {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return undefined; // whoever sent it is told by the closing of the connection
  }
  if (!isJsonObject(message as JsonValue)) return undefined;
  const { command, id, data } = message as JsonObject;
  if (typeof command !== 'string') return undefined;
  return { command, id: typeof id === 'number' && Number.isSafeInteger(id) && id !== 0 ? id : undefined, data };
}

/** The answer to a wrapped call; undefined when it is none. */
export function proxiedAnswer(data: JsonValue | undefined): { status: number; body: Buffer } | undefined {
  if (!isJsonObject(data)) return undefined;
  const { status, body } = data;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (body === undefined || body === null) return { status, body: Buffer.alloc(0) };
  // A text is what is no JSON, in Base64.
  return { status, body: typeof body === 'string' ? Buffer.from(body, 'base64') : Buffer.from(JSON.stringify(body)) };
}
