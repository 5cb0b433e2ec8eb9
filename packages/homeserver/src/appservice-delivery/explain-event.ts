// Why an event was or was not sent to an application service, for an operator who asks: the reasons of interest as they were when the
// event happened (its room's state then, not now), the filters of the registration, and where it is in the delivery.

/** Where an event stands with an application service. */
export type ExplanationVerdict =
  /** There is no such event here, or it takes no part in the stream (rejected, soft-failed). */
  | 'unknown-event'
  /** The application service is not registered, or wants nothing sent (`url: null`). */
  | 'nothing-is-sent'
  /** None of its namespaces has to do with the event. */
  | 'not-interested'
  /** Its registration's `pons.filters` leave it out; `filter` says which. */
  | 'filtered'
  /** It happened before the application service was first seen. */
  | 'before-registration'
  /** The application service refused it for good; `reason` and `setAsideTs`. */
  | 'set-aside'
  /** In transaction `txnId`, which is being sent or tried again. */
  | 'in-flight'
  /** Its turn has not come. */
  | 'waiting'
  /** Sent, and accepted. */
  | 'acknowledged';

/** The answer. */
export interface Explanation {
  readonly verdict: ExplanationVerdict;
  /** One sentence for people. */
  readonly text: string;
  /** Place of the event in the stream. */
  readonly position?: number;
  /** Why it is of interest: `sender`, `target`, `members: @a:x, @b:x (2)`, `alias: #a:x`, `room`. */
  readonly reasons: readonly string[];
  readonly filter?: string;
  readonly txnId?: number;
  readonly reason?: string;
  readonly setAsideTs?: number;
}
