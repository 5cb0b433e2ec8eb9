// Writes responses: JSON in one write with its length, bytes as they come. Every response carries the CORS headers.

import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { corsHeaders } from './cors.ts';
import type { ApiResponse } from './route.ts';

/** Sends a handler's answer. Resolves when all of it has been handed to the socket; rejects when a stream breaks half-way. */
export function respond(response: ServerResponse, answer: ApiResponse): Promise<void> | undefined {
  if ('bytes' in answer) return sendBytes(response, answer.status ?? 200, answer.headers, answer.bytes);
  const text = 'json' in answer ? JSON.stringify(answer.json) : answer.jsonText;
  sendText(response, answer.status ?? 200, text, answer.headers);
  return undefined;
}

/** Sends JSON text. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  const all = [...corsHeaders, 'content-type', 'application/json', 'content-length', String(Buffer.byteLength(text))];
  if (headers !== undefined) for (const name in headers) all.push(name, headers[name] as string);
  response.writeHead(status, all);
  response.end(text);
}

async function sendBytes(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  bytes: Readable | Buffer,
): Promise<void> {
  response.writeHead(status, [...corsHeaders, ...Object.entries(headers).flat()]);
  if (Buffer.isBuffer(bytes)) response.end(bytes);
  // A client that goes away, or a source that fails, destroys both ends.
  else await pipeline(bytes, response);
}
