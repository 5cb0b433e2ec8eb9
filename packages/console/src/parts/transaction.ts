// A transaction as the admin API tells it.

export interface Transaction {
  readonly txn_id: number;
  /** divided: its content was refused, so it was split, or its only event set aside. */
  readonly outcome: 'sending' | 'accepted' | 'refused' | 'divided';
  readonly events: number;
  readonly items: number;
  readonly bytes: number;
  readonly has_body: boolean;
  readonly attempts: number;
  readonly frozen_ts: number;
  readonly first_sent_ts: number;
  readonly last_sent_ts: number;
  readonly answered_ts: number | null;
  readonly reason: string | null;
}
