// A stored event in the form that clients and application services get: the PDU reduced, with what only we know of it under
// `unsigned`. The one place that makes that form, for /sync, the room endpoints and application services alike.
// https://spec.matrix.org/v1.19/client-server-api/#room-event-format
import { type ClientEvent, type JsonObject, type Pdu, type RoomVersionRules, toClientEvent } from '@pons/spec';
import type { TimelineRow } from '../storage/tables/events.ts';

/** What of a stored event goes into that form. */
export type ClientEventRow = Pick<
  TimelineRow,
  | 'eventId'
  | 'sender'
  | 'originServerTs'
  | 'json'
  | 'transactionKey'
  | 'redactionId'
  | 'redactionJson'
  | 'replacesId'
  | 'replacesJson'
>;

/** For whom an event is shown, and when. */
export interface ClientEventView {
  readonly rules: RoomVersionRules;
  /** Given: stands in the event; /sync leaves it out. */
  readonly roomId?: string;
  /** Milliseconds now: for `age`. */
  readonly now: number;
  /** The device that sent the event gets its transaction id back. Absent: nobody's (application services). */
  readonly viewer?: { readonly userId: string; readonly deviceId?: string | undefined };
  /** Bundled aggregations of its relations. */
  readonly relations?: JsonObject | undefined;
  /** Membership of the viewer at the event. */
  readonly membership?: string | undefined;
}

/** The event as that viewer sees it. Whether they may is visibility.ts' question. */
export function clientEvent(row: ClientEventRow, view: ClientEventView): ClientEvent {
  const pdu = JSON.parse(row.json) as Pdu;
  const { rules, roomId } = view;
  return toClientEvent(pdu, {
    eventId: row.eventId,
    rules,
    unsigned: unsignedOf(row, view),
    ...(roomId === undefined ? {} : { roomId }),
  });
}

function unsignedOf(row: ClientEventRow, view: ClientEventView): JsonObject {
  const unsigned: JsonObject = { age: view.now - row.originServerTs };
  if (view.membership !== undefined) unsigned['membership'] = view.membership;
  if (row.replacesId !== null && row.replacesJson !== null) {
    const replaced = JSON.parse(row.replacesJson) as Pdu;
    unsigned['replaces_state'] = row.replacesId;
    unsigned['prev_content'] = replaced.content;
  }
  const transactionId = transactionIdFor(row, view.viewer);
  if (transactionId !== undefined) unsigned['transaction_id'] = transactionId;
  if (row.redactionId !== null && row.redactionJson !== null) {
    const redaction = JSON.parse(row.redactionJson) as Pdu;
    unsigned['redacted_because'] = toClientEvent(redaction, {
      eventId: row.redactionId,
      rules: view.rules,
      unsigned: { age: view.now - redaction.origin_server_ts },
      ...(view.roomId === undefined ? {} : { roomId: view.roomId }),
    });
  }
  if (view.relations !== undefined) unsigned['m.relations'] = view.relations;
  return unsigned;
}

// The key is "device_id\ntxn_id" (storage: events.transaction_key); a device id holds no line feed that we hand out.
function transactionIdFor(row: ClientEventRow, viewer: ClientEventView['viewer']): string | undefined {
  if (row.transactionKey === null || viewer === undefined || viewer.userId !== row.sender) return undefined;
  const at = row.transactionKey.indexOf('\n');
  return row.transactionKey.slice(0, at) === (viewer.deviceId ?? '') ? row.transactionKey.slice(at + 1) : undefined;
}
