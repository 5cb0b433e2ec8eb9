// Receipts and the fully-read marker: how far somebody has read. Both take a position, since /sync tells of them, so they are Commits
// through the door. They only move forward: one that lies behind the reader's last is answered and forgotten.
// https://spec.matrix.org/v1.19/client-server-api/#receipts

import { MatrixError } from '@pons/spec';
import type { AccountDataRow, Door, ReceiptRow } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { receiptStanding } from '../storage/tables/receipts.ts';

/** What receipts need of the house. */
export interface ReceiptsParts {
  readonly db: Queryable;
  readonly door: Door;
  readonly now: () => number;
}

/** A marker that a reader sets. */
export interface ReadMarker {
  readonly type: 'm.read' | 'm.read.private' | 'm.fully_read';
  readonly eventId: string;
  /** Absent: unthreaded. `main`, or the event that began the thread. */
  readonly threadId?: string;
}

/** Of an event id, which no event has longer. */
const eventIdBytesMax = 255;

const markerTypes = ['m.read', 'm.read.private', 'm.fully_read'] as const;

/** @throws MatrixError M_INVALID_PARAM for a type that is none */
export function markerTypeOf(type: string): ReadMarker['type'] {
  const known = markerTypes.find((one) => one === type);
  if (known === undefined) throw new MatrixError('M_INVALID_PARAM', `a receipt is one of ${markerTypes.join(', ')}`);
  return known;
}

/**
 * Sets markers of one reader in one room, all together.
 *
 * @throws MatrixError M_INVALID_PARAM for a thread where none may be, or one that is not known, and for what can be no event's id
 */
export async function setReadMarkers(
  parts: ReceiptsParts,
  reader: { readonly userId: string; readonly roomNid: number },
  markers: readonly ReadMarker[],
): Promise<void> {
  const receipts: ReceiptRow[] = [];
  const accountData: AccountDataRow[] = [];
  for (const marker of markers) {
    checkEventId(marker.eventId);
    const at = receipts.length + accountData.length;
    if (marker.type === 'm.fully_read') {
      if (marker.threadId !== undefined) throw new MatrixError('M_INVALID_PARAM', 'm.fully_read knows no threads');
      const json = JSON.stringify({ event_id: marker.eventId });
      accountData.push({ ...reader, type: marker.type, json, at });
    } else if (await movesForward(parts, reader, marker)) {
      const { type, eventId } = marker;
      receipts.push({ ...reader, type, threadId: marker.threadId ?? '', eventId, ts: parts.now(), at });
    }
  }
  const positions = receipts.length + accountData.length;
  if (positions > 0) await parts.door.commit({ receipts, accountData, positions });
}

function checkEventId(eventId: string): void {
  if (!eventId.includes('\0') && Buffer.byteLength(eventId) <= eventIdBytesMax) return;
  throw new MatrixError('M_INVALID_PARAM', `the id of an event has at most ${eventIdBytesMax} bytes and no U+0000`);
}

async function movesForward(
  parts: ReceiptsParts,
  reader: { readonly userId: string; readonly roomNid: number },
  { type, eventId, threadId }: ReadMarker,
): Promise<boolean> {
  if (threadId !== undefined) await checkThread(parts, reader, threadId);
  const standing = await receiptStanding(parts.db, { ...reader, type, threadId: threadId ?? '', eventId });
  return standing.known && !standing.behind;
}

/** A thread is named by its first event, which must be known: otherwise one reader could fill the table with names. */
async function checkThread(
  parts: ReceiptsParts,
  reader: { readonly userId: string; readonly roomNid: number },
  threadId: string,
): Promise<void> {
  if (threadId === 'main') return;
  const root =
    threadId.startsWith('$') && !threadId.includes('\0')
      ? await receiptStanding(parts.db, { ...reader, type: '', threadId: '', eventId: threadId })
      : { known: false };
  if (!root.known) throw new MatrixError('M_INVALID_PARAM', 'thread_id is "main" or an event of the room');
}
