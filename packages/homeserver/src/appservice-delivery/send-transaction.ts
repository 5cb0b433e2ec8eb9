// Puts the bytes of a frozen transaction to an application service and says what came of it. Accepted is any 2xx: its body is not read.
// https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid

import type { Appservice } from '../appservices/registry.ts';
import { type CallAppservice, isSuccess } from './call-appservice.ts';

/** Accepted, or why not. `status` 0: no answer came. */
export type SendOutcome =
  | { readonly outcome: 'accepted' }
  | { readonly outcome: 'refused'; readonly status: number; readonly reason: string };

/** One attempt. */
export interface SendAttempt {
  readonly appservice: Appservice;
  readonly txnId: number;
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Sends once; never throws for what the application service does. */
export async function sendTransaction(call: CallAppservice, attempt: SendAttempt): Promise<SendOutcome> {
  const answer = await call({
    appservice: attempt.appservice,
    method: 'PUT',
    path: `/_matrix/app/v1/transactions/${attempt.txnId}`,
    legacyPath: `/transactions/${attempt.txnId}`,
    body: attempt.body,
    statusOnly: true,
    timeoutMs: attempt.timeoutMs,
    signal: attempt.signal,
  });
  if (answer.outcome === 'failed') return { outcome: 'refused', status: 0, reason: answer.message };
  if (isSuccess(answer.status)) return { outcome: 'accepted' };
  return { outcome: 'refused', status: answer.status, reason: `answered ${answer.status}` };
}
