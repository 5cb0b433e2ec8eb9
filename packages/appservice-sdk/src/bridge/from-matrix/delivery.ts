// One delivery to the network, as the verbs see it: the event, who sends it through what, and what they need of the outbox. Between
// outbox.ts, which drives, and the verbs beside this file, which do.

import type { MatrixEvent } from '../../receive/transaction.ts';
import type { Bridge } from '../bridge.ts';
import type { Chat, Failure, MsgId, Ref, To } from '../network.ts';
import type { LoginEntry } from '../people/login.ts';
import { SendFailure } from '../send-failure.ts';
import type { Attempt } from './attempt.ts';

/** An event on its way to the network. */
export interface Outgoing {
  readonly seq: number;
  readonly event: MatrixEvent;
  readonly chat: Chat;
  readonly roomId: string;
  /** How many pieces of a cut message are out. */
  pieces: number;
  attempts: number;
  readonly receivedTs: number;
  /** The row is from an earlier run and was not looked into yet: it may have been sent. */
  resumed: boolean;
  readonly accepted: boolean;
}

/** How an event ended. */
export type Outcome =
  | { readonly outcome: 'delivered'; remember?(): void }
  | { readonly outcome: 'unsupported'; readonly text: string; readonly tell: boolean };

/** The way from Matrix to the network. */
export interface Outbox {
  /** Keeps an event and sends it when its turn comes; one that was here before is left out. */
  accept(event: MatrixEvent, chat: Chat): Promise<void>;
  /** The network confirms a send by its key; answers whether it was ours. */
  confirm(key: string, id: MsgId): Promise<boolean>;
  refuse(key: string, why: Failure, text: string): Promise<void>;
  /** Waits for the confirmation of a send that the network accepted. */
  confirmed(out: Outgoing, key: string, forMs?: number): Promise<MsgId>;
  /** Announces a key before it is sent: the confirmation may come before the answer. */
  expect(key: string): void;
  forget(key: string): void;
  /** Resolves when this event has ended, at once if it is not under way. */
  ended(eventId: string): Promise<void>;
  resume(): void;
}

/** One delivery: everything that the verbs need. */
export interface Delivery {
  readonly bridge: Bridge;
  readonly outbox: Outbox;
  readonly out: Outgoing;
  readonly entry: LoginEntry;
  readonly session: unknown;
  /** Set when the sender speaks through the listener. */
  readonly relay: { readonly user: string; readonly name: string } | undefined;
}

/** What an absent verb does instead of its work. */
export function absent(delivery: Delivery, verb: keyof To<never>, fallback?: () => Promise<Outcome>): Promise<Outcome> {
  const how = delivery.bridge.network.without?.[verb] ?? 'fallback';
  if (how === 'fallback' && fallback) return fallback();
  const text = `${delivery.bridge.network.name} has nothing like it`;
  return Promise.resolve({ outcome: 'unsupported', text, tell: how === 'refuse' });
}

/** The remote message of an event; one that is on its way is waited for. */
export async function targetOf({ bridge, outbox }: Delivery, eventId: unknown): Promise<Ref> {
  if (typeof eventId !== 'string') throw new SendFailure('not-found', 'it does not say which message it is about');
  let [row] = bridge.messages.ofEvent(eventId);
  if (!row) {
    await outbox.ended(eventId);
    [row] = bridge.messages.ofEvent(eventId);
  }
  if (!row) throw new SendFailure('not-found', `the message it is about is not on ${bridge.network.name}`);
  return row.part === '' ? row.msg : { msg: row.msg, part: row.part };
}

/** What one call of a verb is about, in this delivery. */
export function attemptOf({ bridge, entry, relay, out }: Delivery, key: string = out.event.event_id): Attempt {
  return { bridge, entry, relay, key, attempts: out.attempts, event: out.event };
}

/** The key of a piece is the event id, and for pieces after the first their number. */
export function keyOfPiece(eventId: string, piece: number): string {
  return piece === 0 ? eventId : `${eventId}/${piece}`;
}
