// What the cases against an application service act with: its address and token, the homeserver that the kit plays, and the question whether
// anything comes of what is sent. What a service does is seen only in the calls that it makes, so it is found out once, first, what makes it do
// anything: a word to its bot, or an invitation of one of its ghosts, which a bridge accepts or declines. A service that does nothing about
// either cannot be judged by what it does.

import type { Registration } from '@pons/registration';
import { type Answer, call, type CallOptions, describe, part } from '../call.ts';
import { nowMs, pause } from '../clock.ts';
import { Skipped, Unmet } from '../outcome.ts';
import type { Effect, HomeserverDouble } from './homeserver-double.ts';
import { sampleId } from './sample-id.ts';

/** What the bench is put together from. */
export interface BenchParts {
  readonly url: string;
  readonly serverName: string;
  readonly registration: Registration;
  readonly homeserver: HomeserverDouble;
  /** How long the service is given to do something about an event. */
  readonly patienceMs: number;
  /** The run has ended: nothing more is asked. */
  readonly signal: AbortSignal;
  /** Ends the service hard and starts it again; absent where the kit cannot. */
  readonly restart?: () => Promise<void>;
}

/** A client event. */
export type BenchEvent = Readonly<Record<string, unknown>>;

/** An event, and the room in which it shows what comes of it. */
export interface Provocation {
  readonly room: string;
  readonly event: BenchEvent;
}

type Way = 'a word to its bot' | 'an invitation of a ghost';
const quietMs = 300;
/** One that tries again and again makes calls without end. */
const callsEndWithinMs = 3_000;

/** The bench. */
export class Bench {
  readonly parts: BenchParts;
  #count = 0;
  /** Transaction ids are numbers in the wild; these are microseconds, so that no run repeats those of another. */
  #txnId = Math.floor((performance.timeOrigin + nowMs()) * 1000);
  #way: Promise<Way | Skipped> | undefined;

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
      signal: this.parts.signal,
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

  /** Waits until a call has come and no more come for a moment, but not for long. */
  async callsEnd(): Promise<void> {
    const { calls } = this.homeserver;
    const untilMs = nowMs() + callsEndWithinMs;
    const first = calls.length;
    for (let seen = -1; nowMs() < untilMs && (calls.length === first || seen !== calls.length); await pause(quietMs))
      seen = calls.length;
  }

  /** Waits for more than `before` effects in a room. @returns how many there are */
  async effectsBeyond(room: string, before: number, withinMs = this.parts.patienceMs): Promise<number> {
    const untilMs = nowMs() + withinMs;
    while (this.homeserver.effectsIn(room).length <= before && nowMs() < untilMs) await pause(20);
    return (await this.settle(room)).length;
  }

  /**
   * An event that the service has not seen, of which something comes in a room of its own.
   *
   * @throws Skipped for a service that does nothing that could be seen
   */
  async provoke(): Promise<Provocation> {
    this.#way ??= this.#findWay();
    const way = await this.#way;
    if (way instanceof Skipped) throw way;
    return this.#provokeBy(way);
  }

  /** A room in which the service answers what is said. @throws Skipped when it does not */
  async conversation(): Promise<string> {
    this.#way ??= this.#findWay();
    if ((await this.#way) !== 'a word to its bot')
      throw new Skipped('its bot answers nobody who says hello: whether it answers itself cannot be seen');
    return this.room();
  }

  async #provokeBy(way: Way): Promise<Provocation> {
    if (way === 'a word to its bot') {
      const room = await this.room();
      return { room, event: this.message(room, this.unique('say ')) };
    }
    const room = this.homeserver.makeRoom(this.human);
    return { room, event: this.invitation(room, sampleId(this, 'users')) };
  }

  async #findWay(): Promise<Way | Skipped> {
    try {
      if (await this.#works('a word to its bot')) return 'a word to its bot';
      if (await this.#works('an invitation of a ghost')) return 'an invitation of a ghost';
    } catch (error) {
      if (error instanceof Skipped)
        return new Skipped(`its bot does nothing when somebody says hello, and ${error.message}`);
      throw error;
    }
    return new Skipped(
      `it makes no call when its bot is invited and somebody says hello, nor when a ghost such as ${sampleId(this, 'users')} is invited: what it does about a transaction cannot be seen`,
    );
  }

  async #works(way: Way): Promise<boolean> {
    const { room, event } = await this.#provokeBy(way);
    const before = this.homeserver.effectsIn(room).length;
    await this.deliver(event);
    return (await this.effectsBeyond(room, before)) > before;
  }

  /** @throws Unmet when it does not accept an empty transaction any more */
  async alive(after: string): Promise<void> {
    const answer = await this.put(this.nextTxnId(), { events: [] });
    if (answer.status !== 200) throw new Unmet(`after ${after} an empty transaction was answered ${describe(answer)}`);
  }
}
