// Table `media`: what each piece of media is. The bytes are files (media/file-store.ts), named by their SHA-256.

import { type Queryable, statement } from '../database.ts';

export interface MediaRow {
  readonly media_id: string;
  readonly origin: string;
  readonly user_id: string | null;
  readonly content_type: string;
  readonly name: string | null;
  /** null: reserved, not uploaded yet. */
  readonly size_bytes: number | null;
  readonly sha256: Buffer | null;
  readonly created_ts: number;
}

const insert = statement(
  'media.insert',
  `insert into media (media_id, origin, user_id, content_type, name, size_bytes, sha256, created_ts)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/** Stores a row, uploaded or reserved. */
export async function insertMedia(db: Queryable, row: MediaRow): Promise<void> {
  await db.query(insert, [
    row.media_id,
    row.origin,
    row.user_id,
    row.content_type,
    row.name,
    row.size_bytes,
    row.sha256,
    row.created_ts,
  ]);
}

const byId = statement(
  'media.by_id',
  `select media_id, origin, user_id, content_type, name, size_bytes, sha256, created_ts from media
         where origin = $1 and media_id = $2`,
);

/** One piece of media. */
export async function findMedia(db: Queryable, origin: string, mediaId: string): Promise<MediaRow | undefined> {
  return (await db.query<MediaRow>(byId, [origin, mediaId]))[0];
}

const fill = statement(
  'media.fill',
  `update media set content_type = $3, name = $4, size_bytes = $5, sha256 = $6
         where origin = $1 and media_id = $2 and size_bytes is null returning media_id`,
);

/** Fills a reserved row; false when it has content already. */
export async function fillMedia(
  db: Queryable,
  row: { origin: string; mediaId: string; contentType: string; name: string | null; sizeBytes: number; sha256: Buffer },
): Promise<boolean> {
  const rows = await db.query<{ media_id: string }>(fill, [
    row.origin,
    row.mediaId,
    row.contentType,
    row.name,
    row.sizeBytes,
    row.sha256,
  ]);
  return rows.length === 1;
}

const pending = statement(
  'media.pending',
  `select count(*)::int as pending from media where user_id = $1 and size_bytes is null and created_ts > $2`,
);

/** How many ids a user has reserved after a time and not filled yet. */
export async function countPending(db: Queryable, userId: string, after: number): Promise<number> {
  return (await db.query<{ pending: number }>(pending, [userId, after]))[0]?.pending ?? 0;
}
