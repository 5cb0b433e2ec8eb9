// Turns the Commits of a batch into the columns of the door's statement. Places among the positions (`at`) become places among the
// positions of the whole batch; every row carries the room that guards it, or 0.
import type { Commit, EventRow, KeyRows, RoomPart } from './commit.ts';
import { binaryArray, type ColumnType, type ColumnValue } from './group-commit-arrays.ts';
import { type SectionName, sections } from './group-commit-statements.ts';
import { type Variant, variants } from './group-commit-variants.ts';
import type { SqlValue } from './database.ts';

interface Values {
  bigint: number | null;
  text: string | null;
  boolean: boolean | null;
}
type Row<Name extends SectionName> = {
  readonly [Column in keyof (typeof sections)[Name]['columns']]: (typeof sections)[Name]['columns'][Column] extends ColumnType
    ? Values[(typeof sections)[Name]['columns'][Column]] | undefined
    : never;
};

/** The rows of a batch, by section and column. */
export class BatchRows {
  readonly #columns = new Map<SectionName, { readonly names: readonly string[]; readonly values: ColumnValue[][] }>();
  /** Rows that a later one of the same key replaces: one statement may touch a row once. */
  readonly #last = new Map<string, () => void>();
  /** Whoever is in a room by these rows never was there before. */
  #onlyFirst = true;
  positions = 0;

  /** Adds what one Commit writes. @returns how many positions come before its own */
  addCommit(commit: Commit): number {
    const before = this.positions;
    this.positions += commit.positions;
    const guard = commit.room?.roomNid ?? 0;
    if (commit.room !== undefined) this.#addRoom(commit.room, before);
    for (const row of commit.clientTransactions ?? []) {
      this.#add('clientTransactions', {
        guard,
        user_id: row.userId,
        device_id: row.deviceId,
        endpoint: row.endpoint,
        room_nid: row.roomNid,
        txn_id: row.txnId,
        response: row.response,
        created_ts: row.createdTs,
      });
    }
    this.#addPersonal(commit, guard, before);
    if (commit.keys !== undefined) this.#addKeys(commit.keys, guard);
    return before;
  }

  /** The narrowest statement that takes these rows. */
  variant(): Variant {
    const found = variants.find(
      ({ sections: taken, ofFirst }) =>
        (!ofFirst || this.#onlyFirst) && this.#used().every((name) => taken.includes(name)),
    );
    if (found === undefined) throw new Error('no statement takes everything');
    return found;
  }

  values(variant: Variant): SqlValue[] {
    for (const add of this.#last.values()) add();
    this.#last.clear();
    const values: SqlValue[] = [this.positions];
    for (const name of variant.sections) {
      const found = this.#columns.get(name);
      Object.values<ColumnType>(sections[name].columns).forEach((type, index) => {
        values.push(binaryArray(type, found?.values[index] ?? []));
      });
    }
    return values;
  }

  #used(): SectionName[] {
    return [...this.#columns.keys()];
  }

  #columnsOf(name: SectionName) {
    let columns = this.#columns.get(name);
    if (columns === undefined) {
      const names = Object.keys(sections[name].columns);
      columns = { names, values: names.map(() => []) };
      this.#columns.set(name, columns);
    }
    return columns;
  }

  #add<Name extends SectionName>(name: Name, row: Row<Name>): void {
    const { names, values } = this.#columnsOf(name);
    const fields = row as Readonly<Record<string, ColumnValue>>;
    for (let index = 0; index < names.length; index += 1) values[index]?.push(fields[names[index] ?? '']);
  }

  #addLast<Name extends SectionName>(name: Name, key: readonly (string | number)[], row: Row<Name>): void {
    this.#columnsOf(name);
    this.#last.set([name, ...key].join('\0'), () => this.#add(name, row));
  }

  #addRoom(part: RoomPart, before: number): void {
    const room = {
      room_nid: part.roomNid,
      state_version: part.stateVersion,
      extremities: `{${part.extremities.join(',')}}`,
      depth: part.depth,
      joined: part.joined,
      invited: part.invited,
      next_line: part.nextLine,
      published: part.published,
    };
    if (part.create === undefined) this.#add('rooms', { ...room, built_on: part.builtOn });
    else this.#add('newRooms', { ...room, room_id: part.create.roomId, room_version: part.create.roomVersion });
    this.#addEvents(part, before);
    this.#addPlaced(part, before);
    this.#addState(part);
    const guard = part.roomNid;
    for (const row of part.members) {
      if (row.isFirst !== true) this.#onlyFirst = false;
      this.#add('members', {
        guard,
        user_id: row.userId,
        membership: row.membership,
        event_nid: row.eventNid,
        sender: row.sender,
        local: row.local,
        displayname: row.displayname,
        avatar_url: row.avatarUrl,
        at: before + row.at,
      });
    }
    for (const { userId, local, at } of part.membersRemoved ?? [])
      this.#add('membersRemoved', { guard, user_id: userId, local, at: before + at });
    for (const row of part.relations) {
      if (part.redactions.some(({ eventNid }) => eventNid === row.eventNid)) continue;
      this.#add('relations', {
        guard,
        event_nid: row.eventNid,
        relates_to: row.relatesTo,
        rel_type: row.relType,
        key: row.key,
      });
    }
    for (const row of part.lines ?? []) this.#add('lines', { guard, line: row.line, base_version: row.baseVersion });
    for (const { alias, creator } of part.aliases ?? []) this.#add('aliases', { guard, alias, creator });
    for (const alias of part.aliasesRemoved ?? []) this.#add('aliasesRemoved', { guard, alias });
    for (const userId of part.forgotten ?? []) this.#add('forgotten', { guard, user_id: userId });
    this.#addBatch(part);
  }

  #addBatch({ roomNid: guard, batchEvents = [], batchPoint }: RoomPart): void {
    for (const { appserviceId, remoteId, eventId } of batchEvents) {
      this.#add('batchEvents', { guard, appservice_id: appserviceId, remote_id: remoteId, event_id: eventId });
    }
    if (batchPoint !== undefined)
      this.#add('batchPoints', { guard, event_nid: batchPoint.eventNid, line: batchPoint.line });
  }

  #addEvents(part: RoomPart, before: number): void {
    const guard = part.roomNid;
    // An UPDATE does not see what the same statement inserts: an event that is redacted by its own part is inserted redacted.
    const redactions = new Map(part.redactions.map((redaction) => [redaction.eventNid, redaction]));
    for (const event of part.events) {
      const redaction = redactions.size === 0 ? undefined : redactions.get(event.eventNid);
      if (redaction !== undefined) redactions.delete(event.eventNid);
      this.#addEvent(guard, event, before, redaction?.redactedBy);
      this.#add('eventJson', { guard, event_nid: event.eventNid, json: redaction?.json ?? event.json });
      for (const authEventId of event.authEventIds) {
        this.#add('authEdges', { guard, event_nid: event.eventNid, auth_event_id: authEventId });
      }
    }
    for (const row of redactions.values()) {
      this.#add('redactions', { guard, event_nid: row.eventNid, redacted_by: row.redactedBy, json: row.json });
    }
  }

  #addEvent(guard: number, event: EventRow, before: number, redactedBy: number | undefined): void {
    const common = {
      guard,
      event_nid: event.eventNid,
      event_id: event.eventId,
      at: event.at === undefined ? null : before + event.at,
      type: event.type,
      sender: event.sender,
      depth: event.depth,
      origin_server_ts: event.originServerTs,
      state_version: event.stateVersion,
      transaction_key: event.transactionKey,
      trace: event.trace,
    };
    if (isPlain(event) && redactedBy === undefined) {
      this.#add('events', common);
      return;
    }
    this.#add('fullEvents', {
      ...common,
      order_major: event.order?.major,
      order_minor: event.order?.minor ?? 0,
      key_nid: event.keyNid,
      line: event.line,
      outlier: event.outlier,
      rejected: event.rejected,
      soft_failed: event.softFailed,
      redacted_by: redactedBy,
      auth_chain: event.authChain,
      auth_chain_seq: event.authChainSeq,
      bulk_by: event.bulkBy,
      current_version: event.currentVersion,
    });
  }

  #addPlaced({ roomNid: guard, placed = [], authLinks = [], earlyRedactions = [] }: RoomPart, before: number): void {
    for (const event of placed) {
      this.#add('placedEvents', {
        guard,
        event_nid: event.eventNid,
        at: event.at === undefined ? null : before + event.at,
        line: event.line,
        state_version: event.stateVersion,
        current_version: event.currentVersion,
        rejected: event.rejected,
        soft_failed: event.softFailed,
      });
    }
    for (const { redacts, eventNid } of earlyRedactions) {
      this.#add('earlyRedactions', { guard, redacts, event_nid: eventNid });
    }
    for (const { fromChain, fromSeq, toChain, toSeq } of authLinks) {
      const link = { from_chain: fromChain, to_chain: toChain, from_seq: fromSeq, to_seq: toSeq };
      this.#add('authLinks', { guard, ...link });
    }
  }

  #addState(part: RoomPart): void {
    const guard = part.roomNid;
    const newest = new Map<string, { to: number | undefined }>();
    const opened = part.state
      .toSorted((a, b) => a.fromVersion - b.fromVersion)
      .map((row) => {
        const key = `${row.line} ${row.keyNid}`;
        const before = newest.get(key);
        const interval = { row, to: undefined };
        newest.set(key, interval);
        if (before !== undefined) before.to = row.fromVersion;
        else if (part.create === undefined && row.isFirst !== true) {
          this.#add('closedState', { guard, line: row.line, key_nid: row.keyNid, from_version: row.fromVersion });
        }
        return interval;
      });
    for (const { row, to } of opened) {
      this.#add('state', {
        guard,
        line: row.line,
        key_nid: row.keyNid,
        from_version: row.fromVersion,
        to_version: to,
        event_nid: row.eventNid,
      });
    }
  }

  #addPersonal(commit: Commit, guard: number, before: number): void {
    for (const row of commit.accountData ?? []) {
      this.#addLast('accountData', [guard, row.userId, row.roomNid, row.type], {
        guard,
        user_id: row.userId,
        room_nid: row.roomNid,
        type: row.type,
        json: row.json,
        at: before + row.at,
      });
    }
    for (const row of commit.receipts ?? []) {
      this.#addLast('receipts', [guard, row.roomNid, row.userId, row.type, row.threadId], {
        guard,
        room_nid: row.roomNid,
        user_id: row.userId,
        type: row.type,
        thread_id: row.threadId,
        event_id: row.eventId,
        ts: row.ts,
        at: before + row.at,
      });
    }
    for (const row of commit.ephemeralEvents ?? []) {
      this.#add('ephemeralEvents', {
        guard,
        room_nid: row.roomNid,
        user_id: row.userId,
        device_id: row.deviceId,
        txn_id: row.txnId,
        type: row.type,
        json: row.json,
        expires_ts: row.expiresTs,
        at: before + row.at,
      });
    }
    for (const row of commit.toDevice ?? []) {
      this.#add('toDevice', {
        guard,
        user_id: row.userId,
        device_id: row.deviceId,
        json: row.json,
        at: before + row.at,
      });
    }
    for (const row of commit.deviceListChanges ?? []) {
      const onlyFor = row.onlyFor ?? null;
      this.#add('deviceListChanges', { guard, user_id: row.userId, only_for: onlyFor, at: before + row.at });
    }
    for (const row of commit.profileChanges ?? []) {
      this.#add('profileChanges', { guard, user_id: row.userId, at: before + row.at });
    }
  }

  #addKeys(keys: KeyRows, guard: number): void {
    for (const row of keys.deviceKeys ?? []) {
      const device = { user_id: row.userId, device_id: row.deviceId };
      this.#addLast('deviceKeys', [row.userId, row.deviceId], { guard, ...device, json: row.json });
    }
    for (const row of keys.crossSigningKeys ?? []) {
      const key = { usage: row.usage, public_key: row.publicKey, json: row.json };
      this.#addLast('crossSigningKeys', [row.userId, row.usage], { guard, user_id: row.userId, ...key });
    }
    for (const row of keys.signatures ?? []) {
      const { userId, keyId, signer, signedBy, signature } = row;
      const by = { signer, signed_by: signedBy, signature };
      this.#addLast('keySignatures', [userId, keyId, signer, signedBy], {
        guard,
        user_id: userId,
        key_id: keyId,
        ...by,
      });
    }
    for (const row of keys.signaturesRemoved ?? []) {
      this.#add('signaturesRemoved', { guard, user_id: row.userId, key_id: row.keyId });
    }
    for (const row of keys.deviceNames ?? []) {
      const device = { user_id: row.userId, device_id: row.deviceId };
      this.#addLast('deviceNames', [row.userId, row.deviceId], { guard, ...device, display_name: row.displayName });
    }
    for (const row of keys.devicesRemoved ?? []) {
      this.#add('devicesRemoved', { guard, user_id: row.userId, device_id: row.deviceId });
    }
  }
}

/** A message that arrived live: what nearly every event is. */
function isPlain(event: EventRow): boolean {
  return (
    event.at !== undefined &&
    event.order === undefined &&
    event.bulkBy === undefined &&
    event.keyNid === null &&
    event.line === 0 &&
    event.authChain === null &&
    event.currentVersion === undefined &&
    !(event.outlier || event.rejected || event.softFailed)
  );
}
