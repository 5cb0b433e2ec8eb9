// Bytes of media as files, named by their SHA-256: the same bytes are kept once, and no name of a client's ever reaches the file system.
// A file appears under its name only when it is whole and on disk: written beside, fsynced, renamed.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { MatrixError } from '@pons/spec';

/** What was stored. */
export interface StoredFile {
  readonly sha256: Buffer;
  readonly sizeBytes: number;
}

/** The media folder of a server. */
export class FileStore {
  readonly #folder: string;
  readonly #randomBytes: (size: number) => Buffer;

  constructor(folder: string, randomBytes: (size: number) => Buffer) {
    this.#folder = folder;
    this.#randomBytes = randomBytes;
  }

  /** Makes the folder and removes what an earlier process left half-written. */
  async prepare(): Promise<void> {
    await mkdir(this.#incoming, { recursive: true });
    for (const name of await readdir(this.#incoming)) await rm(path.join(this.#incoming, name), { force: true });
  }

  /**
   * Takes a stream in.
   *
   * @throws MatrixError M_TOO_LARGE beyond `bytesMax`; what the stream fails with
   */
  async receive(bytes: Readable, bytesMax: number): Promise<StoredFile> {
    // A client may go away before the loop below listens; the loop then says so.
    bytes.once('error', () => {});
    const temporary = path.join(this.#incoming, this.#randomBytes(16).toString('hex'));
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const file = await open(temporary, 'wx', 0o600);
    try {
      // The stream is left open on refusal: it is the request, and its client still wants an answer.
      for await (const chunk of bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        sizeBytes += chunk.length;
        if (sizeBytes > bytesMax) throw tooLarge(bytesMax);
        hash.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
      await file.close();
      const sha256 = hash.digest();
      const target = this.#pathOf(sha256);
      await mkdir(path.dirname(target), { recursive: true });
      await rename(temporary, target);
      await syncFolder(path.dirname(target));
      return { sha256, sizeBytes };
    } catch (error) {
      await file.close().catch(() => {}); // closed already, or nothing more to be done about it
      await rm(temporary, { force: true });
      throw error;
    }
  }

  /** The bytes of a stored file, as a stream; undefined when the file is gone. */
  async read(sha256: Buffer): Promise<Readable | undefined> {
    const file = this.#pathOf(sha256);
    const exists = await stat(file).then(
      (found) => found.isFile(),
      () => false, // not there: the caller says so in its own words
    );
    return exists ? createReadStream(file) : undefined;
  }

  /** The first bytes of a stored file: enough to see what it is. */
  async readStart(sha256: Buffer, size: number): Promise<Buffer> {
    const file = await open(this.#pathOf(sha256), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size), 0, size, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  get #incoming(): string {
    return path.join(this.#folder, 'incoming');
  }

  #pathOf(sha256: Buffer): string {
    const name = sha256.toString('hex');
    return path.join(this.#folder, 'content', name.slice(0, 2), name.slice(2, 4), name);
  }
}

/** The refusal of an upload beyond the limit. */
export function tooLarge(bytesMax: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `an upload has at most ${bytesMax} bytes here`);
}

/** A renamed file survives a power cut only once its folder is on disk too. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
