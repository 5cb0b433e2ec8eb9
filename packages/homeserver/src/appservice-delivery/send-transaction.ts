// Puts the bytes of a frozen transaction to an application service and says what came of it. Accepted is any 2xx: its body is not read.
// https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid

import type { Appservice } from '../appservices/registry.ts';
import { type AppserviceFailure, type CallAppservice, isSuccess } from './call-appservice.ts';
import { refusalWords } from './refusal-words.ts';

/** Accepted, or why not. `status` 0: no answer came. */
export type SendOutcome = { readonly outcome: 'accepted'; readonly status: number } | Refused;

/** A refusal, in words of ours (`reason`), and where it gave some in its own. */
export interface Refused {
  readonly outcome: 'refused';
  readonly status: number;
  readonly reason: string;
  readonly said?: string;
  /** No answer came: of what kind that was. */
  readonly failure?: AppserviceFailure;
}

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
  if (answer.outcome === 'failed')
    return { outcome: 'refused', status: 0, reason: answer.message, failure: answer.reason };
  const { status } = answer;
  if (isSuccess(status)) return { outcome: 'accepted', status };
  const said = refusalWords(answer.said, attempt.appservice);
  return { outcome: 'refused', status, reason: `answered ${status}`, ...(said === undefined ? {} : { said }) };
}

/** A refusal as operators see it. Not for the log: its own words may be anything. */
export function refusalInFull({ reason, said }: Refused): string {
  return said === undefined ? reason : `${reason}: ${said}`;
}
