// What the network says, on its way into rooms. `emit` resolves when the event is a row; the row goes when everything it led to has been
// done, in the same commit that remembers its message. Events of one chat are carried in order; a homeserver that is away, or does not
// know our token at present, is waited for. A crash in between repeats the last step with the same transaction id, so the room has one
// event all the same.

import { sleep } from '../client/clock.ts';
import { backoffMs } from '../client/retry.ts';
import type { Bridge } from './bridge.ts';
import type { Carried, Remember, Teller } from './from-remote/carried.ts';
import { chatFromRemote } from './from-remote/chat-info.ts';
import { editFromRemote } from './from-remote/edit.ts';
import { memberFromRemote } from './from-remote/membership.ts';
import { messageFromRemote } from './from-remote/message.ts';
import { reactionFromRemote, reactionsFromRemote } from './from-remote/reaction.ts';
import { readFromRemote } from './from-remote/receipt.ts';
import { removalFromRemote } from './from-remote/removal.ts';
import { typingFromRemote } from './from-remote/typing.ts';
import { updateGhost } from './people/ghost.ts';
import type { RemoteEvent } from './network.ts';
import type { Outbox } from './from-matrix/delivery.ts';
import { chatKey } from './remote-ids.ts';

/** Longest wait between two tries while the homeserver is away or refuses our token. */
const WAIT_MAX_MS = 60_000;
/** Events that could not be carried are kept for a look, so many of them. */
const FAILED_KEPT_MAX = 1_000;

/** The way from the network to Matrix. */
export interface Inbox {
  accept(login: Teller, event: RemoteEvent): Promise<void>;
  /** Takes up what an earlier run left. */
  resume(): void;
}

interface Row {
  readonly seq: number;
  readonly login_id: string;
  readonly self: string;
  readonly lane: string;
  readonly event: string;
  readonly received_ts: number;
}

/** An inbox for a bridge. */
export function createInbox(bridge: Bridge, outbox: Outbox): Inbox {
  const { sqlite } = bridge;
  const carryRow = async (seq: number): Promise<void> => {
    const row = sqlite.get<Row>('select * from remote_events where seq = ? and failed is null', seq);
    if (!row) return;
    const login = { id: row.login_id, self: row.self };
    const carried = { login, event: readEvent(row.event), key: `${bridge.network.id}:${row.received_ts}:${row.seq}` };
    let lost = false;
    for (let attempt = 2; !bridge.signal.aborted; attempt++) {
      try {
        const remember = await carry(bridge, carried);
        if (lost) bridge.token.works();
        await sqlite.write(() => {
          remember?.();
          sqlite.run('delete from remote_events where seq = ?', seq);
        });
        return;
      } catch (error) {
        if (bridge.signal.aborted) return;
        if (!bridge.token.mayPass(error)) return await setAside(bridge, seq, error);
        lost ||= bridge.token.isLost(error);
        await sleep(bridge.clock, backoffMs(attempt, bridge.random(), WAIT_MAX_MS), bridge.signal);
      }
    }
  };
  const enqueue = (lane: string, seq: number): void => {
    bridge.lanes
      .run(lane, () => carryRow(seq))
      .catch((error: unknown) => bridge.log.error('the inbox failed', { seq, error: String(error) }));
  };
  return {
    async accept(login, event) {
      if (await passing(bridge, outbox, login, event)) return;
      const lane = laneOf(event);
      const seq = await sqlite.write(
        () =>
          sqlite.get<{ seq: number }>(
            'insert into remote_events (login_id, self, lane, event, received_ts) values (?, ?, ?, ?, ?) returning seq',
            login.id,
            login.self,
            lane,
            writeEvent(event),
            bridge.clock.now(),
          )!.seq,
      );
      enqueue(lane, seq);
    },
    resume() {
      for (const row of sqlite.all<Row>('select seq, lane from remote_events where failed is null order by seq'))
        enqueue(row.lane, row.seq);
    },
  };
}

/** What is not kept, because it means nothing later, or is about one of our own sends and kept there. Answers whether it was that. */
async function passing(bridge: Bridge, outbox: Outbox, login: Teller, event: RemoteEvent): Promise<boolean> {
  switch (event.t) {
    case 'sent':
      await outbox.confirm(event.key, event.id);
      return true;
    case 'refused':
      await outbox.refuse(event.key, event.why, event.text);
      return true;
    case 'message':
      return event.echoOf !== undefined && (await outbox.confirm(event.echoOf, event.id));
    case 'typing':
    case 'read':
      (event.t === 'typing' ? typingFromRemote(bridge, login, event) : readFromRemote(bridge, login, event)).catch(
        (error: unknown) => bridge.log.debug('typing or a receipt was not carried', { error: String(error) }),
      );
      return true;
    case 'delivered':
    case 'mark':
    case 'vote':
    case 'same-user':
      // Nothing in a room shows these today.
      bridge.log.debug('an event of the network is not shown in Matrix', { type: event.t });
      return true;
    default:
      return false;
  }
}

async function carry(bridge: Bridge, carried: Carried<RemoteEvent>): Promise<Remember> {
  const { event, ...rest } = carried;
  switch (event.t) {
    case 'message':
      return await messageFromRemote(bridge, { ...rest, event });
    case 'edit':
      return await editFromRemote(bridge, { ...rest, event });
    case 'remove':
      return await removalFromRemote(bridge, { ...rest, event });
    case 'react':
      return await reactionFromRemote(bridge, { ...rest, event });
    case 'reactions':
      return await reactionsFromRemote(bridge, { ...rest, event });
    case 'member':
      return await memberFromRemote(bridge, { ...rest, event });
    case 'chat':
    case 'gone':
      return await chatFromRemote(bridge, { ...rest, event });
    case 'user':
      await updateGhost(bridge, event.user, event.info);
      return undefined;
    case 'moved':
      await bridge.portals.move(event.was, event.now);
      return undefined;
    default:
      return undefined;
  }
}

async function setAside(bridge: Bridge, seq: number, error: unknown): Promise<void> {
  bridge.log.error('an event of the network cannot be carried', {
    seq,
    error: error instanceof Error ? error.message : String(error),
  });
  await bridge.sqlite.write(() => {
    bridge.sqlite.run('update remote_events set failed = ? where seq = ?', String(error), seq);
    bridge.sqlite.run('delete from remote_events where failed is not null and seq < ?', seq - FAILED_KEPT_MAX);
  });
}

function laneOf(event: RemoteEvent): string {
  if ('chat' in event) return `in ${chatKey(event.chat)}`;
  if (event.t === 'moved') return `in ${chatKey(event.was)}`;
  return `user ${event.t === 'user' ? event.user : ''}`;
}

/** Dates survive as objects of one field; JSON alone would make strings of them. */
function writeEvent(event: RemoteEvent): string {
  return JSON.stringify(event, function (this: Record<string, unknown>, key: string, value: unknown) {
    const original = this[key];
    return original instanceof Date ? { $dateTs: original.getTime() } : value;
  });
}

function readEvent(text: string): RemoteEvent {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'object' && value !== null && '$dateTs' in value && typeof value.$dateTs === 'number'
      ? new Date(value.$dateTs)
      : value,
  ) as RemoteEvent;
}
