// Table `device_list_changes`, reading by position: whose devices or cross-signing keys changed. The door writes it.

import { type Queryable, statement } from '../database.ts';

/** A part of the stream: after one position up to another, so many rows. */
export interface StreamRange {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** A change of somebody's device list. */
export interface DeviceListChange {
  readonly position: number;
  readonly userId: string;
  /** null: everybody who shares a room with them hears of it; else this user alone. */
  readonly onlyFor: string | null;
}

const after = statement(
  'device_list_changes.after',
  `select position, user_id as "userId", only_for as "onlyFor" from device_list_changes
    where position > $1 and position <= $2 order by position limit $3`,
);

/** The changes in a part of the stream, oldest first. Of several of one user the older ones may be missing (housekeeping). */
export async function deviceListChangesAfter(db: Queryable, range: StreamRange): Promise<DeviceListChange[]> {
  return db.query<DeviceListChange>(after, [range.after, range.upTo, range.limit]);
}
