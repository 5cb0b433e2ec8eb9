// Reads a request's body within its limit and parses it by the strict gate. Content-Type is not asked for, as the specification
// says; multipart and compressed bodies are refused because no endpoint takes them.
// https://spec.matrix.org/v1.19/client-server-api/#api-standards

import type { IncomingMessage } from 'node:http';
import { type JsonObject, MatrixError, parseJsonObject } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';

/** Largest JSON body. An event is at most 65,536 bytes; escapes, white space and createRoom's initial state need more. */
const BODY_BYTES_MAX = 1024 * 1024;
/** What is read and thrown away after a refusal; then the connection ends. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;
/** Of endpoints that carry many keys or many events at once. */
const LARGE_BODY_BYTES_MAX = 16 * 1024 * 1024;
const large = /\/room_keys\/|\/keys\/|\/batch_send$|^\/_pons\/client\/|^\/_matrix\/(federation|app)\//;
/** Their bodies become events: numbers must be canonical already. A missing body is no empty event. */
const eventBodies = new Set(['sendMessage', 'setRoomStateWithKey', 'batchSend']);

/** How one endpoint's body is read; decided once, when routes are built. */
export interface BodyRule {
  readonly bytesMax: number;
  readonly event: boolean;
}

/** The rule for an endpoint. */
export function bodyRule(endpoint: Endpoint): BodyRule {
  return {
    bytesMax: large.test(endpoint.path) ? LARGE_BODY_BYTES_MAX : BODY_BYTES_MAX,
    event: eventBodies.has(endpoint.operation),
  };
}

/**
 * The body as an object; `{}` when the client sent none.
 *
 * @throws MatrixError M_TOO_LARGE, M_NOT_JSON, M_BAD_JSON
 */
export async function readJson(request: IncomingMessage, rule: BodyRule): Promise<JsonObject> {
  refuseEncodings(request);
  const bytes = await readBytes(request, rule.bytesMax);
  if (bytes.length > 0) return parseJsonObject(bytes, rule.event ? 'event' : 'any');
  if (rule.event) throw new MatrixError('M_NOT_JSON', 'The body is empty: an event has a JSON object as its content.');
  return {};
}

function refuseEncodings({ headers }: IncomingMessage): void {
  if (headers['content-type']?.toLowerCase().startsWith('multipart/') === true) {
    throw new MatrixError('M_NOT_JSON', 'This endpoint takes a JSON object, not a multipart form.');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new MatrixError('M_NOT_JSON', 'Compressed bodies are not accepted.', { status: 415 });
  }
}

function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) return reject(tooLarge(bytesMax));
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= bytesMax) return;
      request.off('data', take);
      reject(tooLarge(bytesMax));
    };
    request.on('data', take);
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const broken = () => {
      // 'close' follows every request; only one whose body is incomplete was cut off.
      if (!request.complete) reject(new MatrixError('M_NOT_JSON', 'The body ended early.'));
    };
    request.on('error', broken);
    request.on('close', broken);
  });
}

/**
 * Reads away what is left of a refused request's body: a client that is still writing when the connection closes would never see why.
 *
 * @returns false when it is too much: the connection has to end
 */
export function discardBody(request: IncomingMessage): boolean {
  if (request.complete) return true;
  if (Number(request.headers['content-length'] ?? 0) > DISCARDED_BYTES_MAX) return false;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > DISCARDED_BYTES_MAX) request.destroy();
  });
  return true;
}

function tooLarge(bytesMax: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `The body is larger than ${bytesMax} bytes.`);
}
