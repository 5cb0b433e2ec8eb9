// What Matrix users do, on its way to the network. An event is a row before its transaction counts as handled; it ends as delivered,
// failed or unsupported, and what failed is told in the room. Its key, the event id, is the network's nonce over retries and restarts.
//
// After a crash between send and answer nobody knows whether it went out. The rule: a network that can tell (`get.wasSent`) is asked; one
// that had accepted it and only owed its echo is not sent it again; any other is sent it again with the same key, because a message twice
// is better than one lost, and a network with nonces makes it one.

import { sleep } from '../client/clock.ts';
import { backoffMs } from '../client/retry.ts';
import type { MatrixEvent } from '../receive/transaction.ts';
import type { Bridge } from './bridge.ts';
import { deliver } from './from-matrix/deliver.ts';
import type { Outbox, Outgoing } from './from-matrix/delivery.ts';
import type { Failure, MsgId } from './network.ts';
import { chatColumns, chatKey, chatOf } from './remote-ids.ts';
import { SendFailure, mayRetry } from './send-failure.ts';
import { tellDelivered, tellFailure } from './status/message-status.ts';

/** Tries of one event before it has failed; with the waits between them about five minutes. */
const ATTEMPTS_MAX = 10;
const WAIT_MAX_MS = 60_000;
/** How long a network may take to confirm what it accepted, unless it says so itself. */
const CONFIRM_DEFAULT_MS = 15_000;
/** Finished events that are remembered, so that one that comes again is known. */
const FINISHED_KEPT_MAX = 20_000;

interface Row {
  readonly seq: number;
  readonly event_id: string;
  readonly chat_id: string;
  readonly receiver: string;
  readonly event: string;
  readonly state: string;
  readonly pieces: number;
  readonly attempts: number;
  readonly received_ts: number;
}

/** An outbox for a bridge. */
export function createOutbox(bridge: Bridge): Outbox {
  const { sqlite } = bridge;
  const confirmations = createConfirmations(bridge);
  const underWay = new Map<string, Promise<void>>();

  const finish = async (out: Outgoing, state: string, reason: string | null, remember?: () => void): Promise<void> => {
    await sqlite.write(() => {
      remember?.();
      sqlite.run('update matrix_events set event = null, state = ?, reason = ? where seq = ?', state, reason, out.seq);
      sqlite.run('delete from matrix_events where event is null and seq < ?', out.seq - FINISHED_KEPT_MAX);
    });
  };

  const send = async (out: Outgoing): Promise<void> => {
    for (let lost = 2; ; ) {
      try {
        const outcome = await deliver(bridge, outbox, out);
        if (outcome.outcome === 'unsupported') {
          await finish(out, 'unsupported', outcome.text);
          if (outcome.tell) await tellFailure(bridge, out, 'unsupported', outcome.text);
          return;
        }
        await finish(out, 'delivered', null, () => outcome.remember?.());
        return await tellDelivered(bridge, out);
      } catch (error) {
        // A stop is not a failure: the row is taken up at the next start.
        if (bridge.signal.aborted) return;
        // A file of the event could not be fetched: the event is not to blame, and nobody could be told of a failure.
        if (bridge.token.isLost(error)) {
          if (await sleep(bridge.clock, backoffMs(lost++, bridge.random(), WAIT_MAX_MS), bridge.signal)) continue;
          return;
        }
        out.attempts++;
        if (mayRetry(error) && out.attempts < ATTEMPTS_MAX) {
          await sqlite.write(() =>
            sqlite.run('update matrix_events set attempts = ? where seq = ?', out.attempts, out.seq),
          );
          const wait = error.retryAfterMs ?? backoffMs(out.attempts + 1, bridge.random(), WAIT_MAX_MS);
          if (await sleep(bridge.clock, wait, bridge.signal)) continue;
          return;
        }
        const why: Failure = error instanceof SendFailure ? error.why : 'unknown';
        if (!(error instanceof SendFailure))
          bridge.log.error('a send failed unexpectedly', { event_id: out.event.event_id, error: String(error) });
        const text = error instanceof SendFailure ? error.message : 'the bridge could not send it';
        await finish(out, 'failed', `${why}: ${text}`);
        return await tellFailure(bridge, out, why, text);
      }
    }
  };

  const enqueue = (out: Outgoing): void => {
    const chat = chatKey(out.chat);
    // Where each person has a connection of their own, one that is slow to open holds up nobody else.
    const lane = bridge.network.autoLogin ? `out ${chat} ${out.event.sender}` : `out ${chat}`;
    const done = bridge.lanes
      .run(lane, () => (bridge.signal.aborted ? Promise.resolve() : send(out)))
      .catch((error: unknown) =>
        bridge.log.error('the outbox failed', { event_id: out.event.event_id, error: String(error) }),
      )
      .finally(() => underWay.delete(out.event.event_id));
    underWay.set(out.event.event_id, done);
  };

  const outgoing = (row: Row, resumed: boolean): Outgoing => {
    const event = JSON.parse(row.event) as MatrixEvent;
    const { pieces, attempts, seq } = row;
    return {
      seq,
      event,
      chat: chatOf(row),
      roomId: event.room_id,
      pieces,
      attempts,
      receivedTs: row.received_ts,
      resumed,
      accepted: row.state === 'accepted',
    };
  };

  const outbox: Outbox = {
    ...confirmations,
    async accept(event, chat) {
      const { id, receiver } = chatColumns(chat);
      const row = await sqlite.write(() =>
        sqlite.get<Row>(
          "insert or ignore into matrix_events (event_id, chat_id, receiver, event, state, received_ts) values (?, ?, ?, ?, 'waiting', ?) returning *",
          event.event_id,
          id,
          receiver,
          JSON.stringify(event),
          bridge.clock.now(),
        ),
      );
      if (row) enqueue(outgoing(row, false));
    },
    async ended(eventId) {
      await underWay.get(eventId);
    },
    resume() {
      const rows = sqlite.all<Row>('select * from matrix_events where event is not null order by seq');
      for (const row of rows) enqueue(outgoing(row, true));
    },
  };
  return outbox;
}

function createConfirmations(bridge: Bridge): Pick<Outbox, 'confirm' | 'refuse' | 'confirmed' | 'expect' | 'forget'> {
  const { sqlite } = bridge;
  interface Expected {
    readonly promise: Promise<MsgId>;
    resolve(id: MsgId): void;
    reject(error: unknown): void;
  }
  const expected = new Map<string, Expected>();
  const expect = (key: string): Expected => {
    let one = expected.get(key);
    if (!one) {
      const { promise, resolve, reject } = Promise.withResolvers<MsgId>();
      promise.catch(() => undefined); // nobody may be waiting yet
      expected.set(key, (one = { promise, resolve, reject }));
    }
    return one;
  };
  return {
    expect: (key) => void expect(key),
    forget: (key) => void expected.delete(key),
    async confirm(key, id) {
      const one = expected.get(key);
      one?.resolve(id);
      return (
        one !== undefined || sqlite.get('select 1 from matrix_events where event_id = ?', eventIdOf(key)) !== undefined
      );
    },
    async refuse(key, why, text) {
      expected.get(key)?.reject(new SendFailure(why, text));
    },
    async confirmed(out, key, forMs = CONFIRM_DEFAULT_MS) {
      await sqlite.write(() => sqlite.run("update matrix_events set state = 'accepted' where seq = ?", out.seq));
      const { promise } = expect(key);
      const enough = new AbortController();
      const late = sleep(bridge.clock, forMs, enough.signal).then((): never => {
        throw new SendFailure('unknown', `${bridge.network.name} did not confirm it`);
      });
      late.catch(() => undefined); // lost the race
      try {
        return await Promise.race([promise, late]);
      } finally {
        enough.abort();
        expected.delete(key);
      }
    },
  };
}

function eventIdOf(key: string): string {
  return key.replace(/\/\d+$/, '');
}
