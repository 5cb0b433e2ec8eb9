// Which application services are connected by websocket to another process on this database. Told by NOTIFY: at the opening, at the
// closing, and again and again in between, so that what got lost or what a killed process held puts itself right.

import type { Clock, Timer } from '../platform/clock.ts';

/** How processes tell one another. */
export interface ProcessChannel {
  /** Never throws: what does not arrive is told again. */
  tell(payload: string): void;
  /** Hears what others tell, and this process itself. @returns the way to stop */
  listen(heard: (payload: string) => void): Promise<() => Promise<void>>;
}

export interface ElsewhereParts {
  readonly channel: ProcessChannel;
  readonly clock: Clock;
  /** Unlike that of any other process. */
  readonly processId: string;
}

/** Who is told of what the others say. */
export interface ElsewhereListener {
  /** Another process has a younger connection of this application service, which is connected here. */
  onTaken(appserviceId: string): void;
  /** It came or went elsewhere. */
  onChange(appserviceId: string): void;
}

/** What is said: since when each is connected, 0 for one that has gone. */
type Said = readonly [processId: string, connections: readonly (readonly [appserviceId: string, sinceTs: number])[]];

interface Other {
  readonly processId: string;
  readonly sinceTs: number;
  readonly untilMs: number;
}

/** Told again this often; believed for three times as long. */
const againMs = 15_000;
const believedMs = 45_000;
/** A payload of NOTIFY has 8,000 bytes at most: this many of the longest ids fit. */
const perPayload = 25;
const elsewhereMax = 10_000;

/** The websockets of other processes. */
export class WebsocketsElsewhere {
  readonly #parts: ElsewhereParts;
  readonly #own = new Map<string, number>();
  readonly #others = new Map<string, Other>();
  #listener: ElsewhereListener | undefined;
  #again: Timer | undefined;
  #stopListening: (() => Promise<void>) | undefined;

  constructor(parts: ElsewhereParts) {
    this.#parts = parts;
  }

  /** Whom to tell; called once. */
  follow(listener: ElsewhereListener): void {
    this.#listener = listener;
  }

  /** Whether another process holds the websocket of this application service. */
  holds(appserviceId: string): boolean {
    const other = this.#others.get(appserviceId);
    return other !== undefined && other.untilMs > this.#parts.clock.monotonicMs();
  }

  /** It has connected to this process. */
  here(appserviceId: string): void {
    // Younger than what was known of it, whatever the clocks of the processes say.
    const beforeTs = this.#others.get(appserviceId)?.sinceTs ?? this.#own.get(appserviceId) ?? 0;
    this.#own.set(appserviceId, Math.max(this.#parts.clock.now(), beforeTs + 1));
    this.#others.delete(appserviceId);
    this.#tell([...this.#own].filter(([id]) => id === appserviceId));
  }

  /** It is not connected to this process any more. */
  gone(appserviceId: string): void {
    this.#own.delete(appserviceId);
    this.#tell([[appserviceId, 0]]);
  }

  async start(): Promise<void> {
    this.#stopListening = await this.#parts.channel.listen((payload) => this.#heard(payload));
    this.#tellAgain();
  }

  async stop(): Promise<void> {
    this.#again?.cancel();
    await this.#stopListening?.();
  }

  #tellAgain(): void {
    const all = [...this.#own];
    for (let from = 0; from < all.length; from += perPayload) this.#tell(all.slice(from, from + perPayload));
    this.#again = this.#parts.clock.setTimer(againMs, () => this.#tellAgain());
  }

  #tell(connections: Said[1]): void {
    if (connections.length > 0) this.#parts.channel.tell(JSON.stringify([this.#parts.processId, connections]));
  }

  #heard(payload: string): void {
    if (payload === '') return; // the connection was lost: the others tell again
    const [processId, connections] = JSON.parse(payload) as Said;
    if (processId === this.#parts.processId) return;
    for (const [id, sinceTs] of connections) this.#heardOf(id, processId, sinceTs);
  }

  #heardOf(id: string, processId: string, sinceTs: number): void {
    const before = this.#others.get(id);
    if (sinceTs === 0) {
      if (before?.processId !== processId) return;
      this.#others.delete(id);
      this.#listener?.onChange(id);
      return;
    }
    const own = this.#own.get(id);
    if (own !== undefined) {
      const isYounger = sinceTs > own || (sinceTs === own && processId > this.#parts.processId);
      if (!isYounger) return;
      this.#own.delete(id);
    }
    if (this.#others.size >= elsewhereMax && before === undefined) return;
    this.#others.set(id, { processId, sinceTs, untilMs: this.#parts.clock.monotonicMs() + believedMs });
    if (own !== undefined) this.#listener?.onTaken(id);
    if (before === undefined) this.#listener?.onChange(id);
  }
}
