// The content repository: uploads at once, or reserved first and filled later; finding what is stored, waiting a while for what is
// reserved. The row is written after the file: a row always has its bytes, a file without a row costs only space.
// https://spec.matrix.org/v1.19/client-server-api/#content-repository

import type { Readable } from 'node:stream';
import { MatrixError } from '@pons/spec';
import { type Clock, sleep } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { countPending, fillMedia, findMedia, insertMedia, type MediaRow } from '../storage/tables/media.ts';
import { type FileStore, tooLarge } from './file-store.ts';

/** What the repository needs of the house. */
export interface ContentRepositoryParts {
  readonly db: Queryable;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly random: { id(chars: number): string };
  readonly serverName: string;
  readonly uploadBytesMax: number;
}

/** An upload as it arrives. */
export interface Upload {
  readonly userId: string;
  readonly contentType: string;
  readonly name: string | null;
  /** As the request declares it. */
  readonly declaredBytes: number | undefined;
  readonly bytes: Readable;
}

/** Media that is stored. */
export interface Media {
  readonly mediaId: string;
  readonly contentType: string;
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly sha256: Buffer;
}

/** Letters and digits of a media id: 143 bits, since knowing an id is enough to ask for it. */
const mediaIdChars = 24;
const reservedLifetimeMs = 24 * 3_600_000;
const reservedMax = 100;
const waitMsDefault = 20_000;
const waitMsMax = 60_000;
/** Between two looks for media that another process may have received. */
const lookEveryMs = 500;
const nameBytesMax = 255;
const contentTypeMax = 255;

/** The media of this server. */
export class ContentRepository {
  readonly #parts: ContentRepositoryParts;

  constructor(parts: ContentRepositoryParts) {
    this.#parts = parts;
  }

  get uploadBytesMax(): number {
    return this.#parts.uploadBytesMax;
  }

  /** Stores an upload. @returns its mxc:// URI @throws MatrixError M_TOO_LARGE */
  async upload(upload: Upload): Promise<string> {
    const { db, serverName } = this.#parts;
    const file = await this.#receive(upload);
    const mediaId = this.#parts.random.id(mediaIdChars);
    await insertMedia(db, {
      ...this.#row(mediaId, upload.userId),
      content_type: cleanContentType(upload.contentType),
      name: cleanName(upload.name),
      size_bytes: file.sizeBytes,
      sha256: file.sha256,
    });
    return `mxc://${serverName}/${mediaId}`;
  }

  /** Reserves an id for an upload that comes later. @throws MatrixError M_LIMIT_EXCEEDED with too many waiting */
  async reserve(userId: string): Promise<{ contentUri: string; unusedExpiresAt: number }> {
    const { db, clock, serverName } = this.#parts;
    const now = clock.now();
    if ((await countPending(db, userId, now - reservedLifetimeMs)) >= reservedMax) {
      throw new MatrixError('M_LIMIT_EXCEEDED', `upload to one of your ${reservedMax} reserved ids first`, {
        fields: { retry_after_ms: waitMsDefault },
      });
    }
    const mediaId = this.#parts.random.id(mediaIdChars);
    await insertMedia(db, this.#row(mediaId, userId));
    return { contentUri: `mxc://${serverName}/${mediaId}`, unusedExpiresAt: now + reservedLifetimeMs };
  }

  /**
   * Fills a reserved id.
   *
   * @throws MatrixError M_NOT_FOUND, M_FORBIDDEN (reserved by another), M_CANNOT_OVERWRITE_MEDIA, M_TOO_LARGE
   */
  async fill(origin: string, mediaId: string, upload: Upload): Promise<void> {
    const row = await this.#find(origin, mediaId);
    if (row === undefined || this.#hasExpired(row)) throw noSuchMedia();
    if (row.user_id !== upload.userId) throw new MatrixError('M_FORBIDDEN', 'another user reserved this media id');
    if (row.size_bytes !== null) throw cannotOverwrite();
    const file = await this.#receive(upload);
    const filled = await fillMedia(this.#parts.db, {
      origin,
      mediaId,
      contentType: cleanContentType(upload.contentType),
      name: cleanName(upload.name),
      ...file,
    });
    if (!filled) throw cannotOverwrite();
  }

  /**
   * Finds media, waiting for it where it is reserved and not uploaded yet.
   *
   * @param waitMs  how long at most; 20 s when not given
   * @throws MatrixError M_NOT_FOUND, M_NOT_YET_UPLOADED
   */
  async find(origin: string, mediaId: string, waitMs: number | undefined, signal: AbortSignal): Promise<Media> {
    const { clock } = this.#parts;
    const deadline = clock.monotonicMs() + Math.min(waitMs ?? waitMsDefault, waitMsMax);
    for (;;) {
      const row = await this.#find(origin, mediaId);
      if (row === undefined || this.#hasExpired(row)) throw noSuchMedia();
      if (row.size_bytes !== null && row.sha256 !== null) {
        const { content_type: contentType, name, size_bytes: sizeBytes, sha256 } = row;
        return { mediaId, contentType, name, sizeBytes, sha256 };
      }
      if (clock.monotonicMs() >= deadline || signal.aborted) {
        throw new MatrixError('M_NOT_YET_UPLOADED', 'this media is reserved but not uploaded yet: try again later');
      }
      await sleep(clock, Math.min(lookEveryMs, deadline - clock.monotonicMs()), signal);
    }
  }

  /** The bytes of media. @throws MatrixError M_NOT_FOUND when the file is gone */
  async read(media: Media): Promise<Readable> {
    const bytes = await this.#parts.files.read(media.sha256);
    if (bytes === undefined) throw noSuchMedia();
    return bytes;
  }

  /** The first bytes of media: enough to see what it is. */
  async readStart(media: Media, size: number): Promise<Buffer> {
    return this.#parts.files.readStart(media.sha256, size);
  }

  async #receive(upload: Upload) {
    const { files, uploadBytesMax } = this.#parts;
    if ((upload.declaredBytes ?? 0) > uploadBytesMax) throw tooLarge(uploadBytesMax);
    return files.receive(upload.bytes, uploadBytesMax);
  }

  async #find(origin: string, mediaId: string): Promise<MediaRow | undefined> {
    if (origin !== this.#parts.serverName || !/^[A-Za-z0-9_-]{1,255}$/.test(mediaId)) return undefined;
    return findMedia(this.#parts.db, origin, mediaId);
  }

  #hasExpired(row: MediaRow): boolean {
    return row.size_bytes === null && row.created_ts + reservedLifetimeMs <= this.#parts.clock.now();
  }

  #row(mediaId: string, userId: string): MediaRow {
    return {
      media_id: mediaId,
      origin: this.#parts.serverName,
      user_id: userId,
      content_type: 'application/octet-stream',
      name: null,
      size_bytes: null,
      sha256: null,
      created_ts: this.#parts.clock.now(),
    };
  }
}

/** It goes back out as a header: what cannot stand in one is not kept. */
function cleanContentType(contentType: string): string {
  const isHeader = contentType.length <= contentTypeMax && /^[\x20-\x7e]+$/.test(contentType);
  return isHeader ? contentType : 'application/octet-stream';
}

function cleanName(name: string | null): string | null {
  if (name === null || name === '' || name.includes('\0') || Buffer.byteLength(name) > nameBytesMax) return null;
  return name;
}

function noSuchMedia(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'this server has no such media');
}

function cannotOverwrite(): MatrixError {
  return new MatrixError('M_CANNOT_OVERWRITE_MEDIA', 'this media id has content already: reserve another');
}
