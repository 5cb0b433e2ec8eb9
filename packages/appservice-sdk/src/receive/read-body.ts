// Reads a request's JSON body up to a size, counting as it arrives: a body that says nothing of its length is bounded too.

import type { IncomingMessage } from 'node:http';
import { MatrixError } from '@pons/spec';

/** A body that was read: the bytes as they came, and what they say. */
export interface ReadBody {
  readonly bytes: Buffer;
  readonly json: unknown;
}

/** Reads and parses; throws 413 M_TOO_LARGE or 400 M_NOT_JSON. An empty body is `{}`. */
export async function readBody(request: IncomingMessage, sizeBytesMax: number): Promise<ReadBody> {
  const tooLarge = (): MatrixError => new MatrixError('M_TOO_LARGE', `the body is larger than ${sizeBytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > sizeBytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving the loop must not destroy the stream: the socket would go with it, and the refusal with the socket.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > sizeBytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  try {
    return { bytes, json: bytes.byteLength === 0 ? {} : JSON.parse(bytes.toString('utf8')) };
  } catch {
    // The parser's own words may quote the body.
    throw new MatrixError('M_NOT_JSON', 'the body is not JSON');
  }
}
