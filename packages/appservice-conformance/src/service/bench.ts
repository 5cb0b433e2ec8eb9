// What the cases against an application service act with: its address and token, the homeserver that the kit plays, and the question whether
// anything comes of what is sent. What a service does is seen only in the calls that it makes, so it is asked once, first, whether it does
// anything at all when somebody speaks: a service that is silent cannot be judged by what it does.

import type { Registration } from '@pons/registration';
import { type Answer, call, type CallOptions, describe, part } from '../call.ts';
import { nowMs, pause } from '../clock.ts';
import { Skipped, Unmet } from '../outcome.ts';
import type { Effect, HomeserverDouble } from './homeserver-double.ts';

/** What the bench is put together from. */
export interface BenchParts {
  readonly url: string;
  readonly serverName: string;
  readonly registration: Registration;
  readonly homeserver: HomeserverDouble;
  /** How long the service is given to do something about an event. */
  readonly patienceMs: number;
  /** Ends the service hard and starts it again; absent where the kit cannot. */
  readonly restart?: () => Promise<void>;
}

/** A client event. */
export type BenchEvent = Readonly<Record<string, unknown>>;

const quietMs = 300;

/** The bench. */
export class Bench {
  readonly parts: BenchParts;
  #count = 0;
  /** Transaction ids are numbers in the wild; these are microseconds, so that no run repeats those of another. */
  #txnId = Math.floor((performance.timeOrigin + nowMs()) * 1000);
  #lively: Promise<boolean> | undefined;

  constructor(parts: BenchParts) {
    this.parts = parts;
  }

  get homeserver(): HomeserverDouble {
    return this.parts.homeserver;
  }

  get human(): string {
    return `@conformance-human:${this.parts.serverName}`;
  }

  unique(prefix: string): string {
    return `${prefix}${this.#txnId}-${(this.#count += 1)}`;
  }

  /** A transaction id that was not used yet. */
  nextTxnId(): string {
    return String((this.#txnId += 1));
  }

  /** A request to the service, with its hs_token unless another or none is given. */
  ask(method: string, path: string, options: CallOptions & { readonly withoutToken?: boolean } = {}): Promise<Answer> {
    const { withoutToken = false, ...rest } = options;
    return call(this.parts.url, method, path, {
      ...(withoutToken ? {} : { token: this.parts.registration.hsToken }),
      ...rest,
    });
  }

  /** Delivers a transaction. */
  put(txnId: string, body: object, options: Parameters<Bench['ask']>[2] = {}): Promise<Answer> {
    return this.ask('PUT', `/_matrix/app/v1/transactions/${part(txnId)}`, { body, ...options });
  }

  /** Delivers events and expects them to be accepted. */
  async deliver(...events: readonly BenchEvent[]): Promise<void> {
    const answer = await this.put(this.nextTxnId(), { events });
    if (answer.status !== 200) throw new Unmet(`on the way: a transaction was answered ${describe(answer)}`);
  }

  event(room: string, more: BenchEvent): BenchEvent {
    return {
      event_id: this.homeserver.eventId(),
      room_id: room,
      sender: this.human,
      origin_server_ts: Math.floor(performance.timeOrigin + nowMs()),
      content: {},
      ...more,
    };
  }

  message(room: string, body: string): BenchEvent {
    return this.event(room, { type: 'm.room.message', content: { msgtype: 'm.text', body } });
  }

  invitation(room: string, user: string): BenchEvent {
    return this.event(room, {
      type: 'm.room.member',
      state_key: user,
      content: { membership: 'invite', is_direct: true },
    });
  }

  /** A room of the kit's person, the service's own user invited into it. */
  async room(): Promise<string> {
    const room = this.homeserver.makeRoom(this.human);
    await this.deliver(this.invitation(room, this.homeserver.sender));
    await this.settle(room);
    return room;
  }

  /** Waits until nothing new has come of what was sent for a moment. @returns what came of it in this room so far */
  async settle(room: string): Promise<readonly Effect[]> {
    let seen = -1;
    while (seen !== this.homeserver.calls.length) {
      seen = this.homeserver.calls.length;
      await pause(quietMs);
    }
    return this.homeserver.effectsIn(room);
  }

  /** Waits for more than `before` effects in a room. @returns how many there are */
  async effectsBeyond(room: string, before: number): Promise<number> {
    const untilMs = nowMs() + this.parts.patienceMs;
    while (this.homeserver.effectsIn(room).length <= before && nowMs() < untilMs) await pause(20);
    return (await this.settle(room)).length;
  }

  /** Whether anything comes of a message, found out once. */
  #isLively(): Promise<boolean> {
    this.#lively ??= (async () => {
      const room = await this.room();
      const before = this.homeserver.effectsIn(room).length;
      await this.deliver(this.message(room, 'hello'));
      return (await this.effectsBeyond(room, before)) > before;
    })();
    return this.#lively;
  }

  /** @throws Skipped for a service that does nothing when somebody speaks */
  async lively(): Promise<void> {
    if (!(await this.#isLively()))
      throw new Skipped(
        'the service makes no call when it is invited and somebody says hello: what it did about a transaction cannot be seen',
      );
  }

  /** @throws Unmet when it does not accept an empty transaction any more */
  async alive(after: string): Promise<void> {
    const answer = await this.put(this.nextTxnId(), { events: [] });
    if (answer.status !== 200) throw new Unmet(`after ${after} an empty transaction was answered ${describe(answer)}`);
  }
}
