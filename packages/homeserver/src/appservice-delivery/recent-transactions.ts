// The last transactions to one application service, kept by the process that sends them, for an operator who looks: what was in them,
// when each was frozen, sent, refused, accepted. Bounded in number and in bytes, and gone after a restart: what must last is in the tables.

import type { FrozenTransaction } from './delivery-state.ts';
import { tooOldMax } from '../storage/tables/appservice-too-old.ts';
import { refusalInFull, type SendOutcome } from './send-transaction.ts';

/** A transaction as it went. Times are milliseconds since 1970. */
export interface RecentTransaction {
  readonly txnId: number;
  /** Of everything in it that has one. */
  readonly positions: readonly number[];
  readonly events: number;
  readonly bytes: number;
  /** undefined: it was large, or newer ones have taken its place. */
  readonly body: Buffer | undefined;
  readonly frozenTs: number;
  readonly firstSentTs: number;
  readonly lastSentTs: number;
  readonly attempts: number;
  /** Of the last attempt; undefined while it lasts. */
  readonly answeredTs: number | undefined;
  /** divided: its content was refused, so it was split, or its only event set aside. */
  readonly outcome: 'sending' | 'accepted' | 'refused' | 'divided';
  /** Why an attempt was refused last. */
  readonly reason: string | undefined;
}

/** Transactions remembered for each application service, and bytes of their bodies. */
export const recentTransactionsMax = 50;
export const recentBytesMax = 262_144;

const nothing: readonly number[] = [];

/** The memory of one application service. */
export class RecentTransactions {
  readonly #all = new Map<number, RecentTransaction>();
  /** Events that were left out because of their age; and those of them that are in no table yet. */
  readonly #tooOld = new Set<number>();
  #unwritten = new Set<number>();

  /** Oldest first. */
  list(): RecentTransaction[] {
    return [...this.#all.values()];
  }

  find(txnId: number): RecentTransaction | undefined {
    return this.#all.get(txnId);
  }

  /** Those with this position in them, oldest first: more than one where it was split or replayed. */
  withPosition(position: number): RecentTransaction[] {
    return this.list().filter(({ positions }) => positions.includes(position));
  }

  /** An event was older than the registration allows when its turn came: it is in no transaction. */
  tooOld(position: number): void {
    for (const positions of [this.#tooOld, this.#unwritten]) {
      positions.add(position);
      const [oldest] = positions;
      if (positions.size > tooOldMax && oldest !== undefined) positions.delete(oldest);
    }
  }

  wasTooOld(position: number): boolean {
    return this.#tooOld.has(position);
  }

  /** Gives out what is in no table yet, for somebody who writes it. */
  takeTooOld(): readonly number[] {
    if (this.#unwritten.size === 0) return nothing;
    const taken = [...this.#unwritten];
    this.#unwritten = new Set();
    return taken;
  }

  /** An attempt begins. */
  attempt(frozen: FrozenTransaction, body: Buffer, now: number): void {
    const { txnId, positions, events, createdTs: frozenTs } = frozen;
    const before = this.#all.get(txnId);
    this.#all.delete(txnId);
    this.#all.set(txnId, {
      txnId,
      positions,
      events,
      bytes: body.length,
      body: body.length > recentBytesMax ? undefined : body,
      frozenTs,
      firstSentTs: before?.firstSentTs ?? now,
      lastSentTs: now,
      attempts: (before?.attempts ?? 0) + 1,
      answeredTs: undefined,
      outcome: 'sending',
      reason: before?.reason,
    });
    this.#forgetOldest();
  }

  /** What came of it. */
  answered(txnId: number, outcome: SendOutcome, now: number): void {
    const reason = outcome.outcome === 'refused' ? { reason: refusalInFull(outcome) } : {};
    this.#change(txnId, { answeredTs: now, outcome: outcome.outcome, ...reason });
  }

  /** It is sent no more: its parts are, or it was set aside. */
  divided(txnId: number): void {
    this.#change(txnId, { outcome: 'divided' });
  }

  #change(txnId: number, change: Partial<RecentTransaction>): void {
    const one = this.#all.get(txnId);
    if (one !== undefined) this.#all.set(txnId, { ...one, ...change });
  }

  #forgetOldest(): void {
    const [oldest] = this.#all.keys();
    if (this.#all.size > recentTransactionsMax && oldest !== undefined) this.#all.delete(oldest);
    let bytes = 0;
    for (const one of this.list().reverse()) {
      bytes += one.body?.length ?? 0;
      if (bytes > recentBytesMax && one.body !== undefined) this.#all.set(one.txnId, { ...one, body: undefined });
    }
  }
}
