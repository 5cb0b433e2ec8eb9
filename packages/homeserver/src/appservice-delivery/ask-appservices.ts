// Asks application services whether a user or alias exists: those whose namespace holds it, side by side, within one deadline. Many who
// ask for the same at once share one question, and what was answered is remembered for a moment. Nothing else waits for it: a hung
// application service costs only those who asked for something of its own.
// https://spec.matrix.org/v1.19/application-service-api/#querying

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import type { Appservice } from '../appservices/registry.ts';
import { type Clock, sleep } from '../platform/clock.ts';
import { type CallAppservice, isSuccess } from './call-appservice.ts';

export interface AskParts {
  readonly call: CallAppservice;
  readonly clock: Clock;
  /** For the whole question, retries included. */
  readonly deadlineMs: number;
}

/** One kind of question. */
export interface Question {
  /** Whom to ask. */
  readonly whom: (id: string) => readonly Appservice[];
  readonly path: (id: string) => string;
  readonly legacyPath: (id: string) => string;
}

/** How long an answer is believed; the same both ways, as an application service may change its mind. */
const answerBelievedMs = 10_000;
const answersMax = 10_000;
const askersMax = 10_000;
/** No connection, or an error of the server: this often, with a pause between. */
const triesMax = 3;
const pauseMs = 500;

/**
 * A function that asks: true when an application service says that it has made what was asked for.
 *
 * @throws MatrixError M_UNKNOWN with 408 when one that could know does not answer in time
 */
export function createAsk(parts: AskParts, question: Question): (id: string) => Promise<boolean> {
  const asking = new Map<string, Promise<boolean>>();
  const answers = new LRUCache<string, { readonly exists: boolean; readonly untilMs: number }>({ max: answersMax });

  async function askAll(id: string): Promise<boolean> {
    const asked = question.whom(id).filter(({ registration }) => registration.url !== null);
    if (asked.length === 0) return false;
    const untilMs = parts.clock.monotonicMs() + parts.deadlineMs;
    const replies = await Promise.all(asked.map((appservice) => askOne(parts, { question, appservice, id, untilMs })));
    const exists = replies.includes('exists');
    if (!exists && replies.includes('silent'))
      throw new MatrixError('M_UNKNOWN', 'the application service that may know it did not answer in time', {
        status: 408,
      });
    answers.set(id, { exists, untilMs: parts.clock.monotonicMs() + answerBelievedMs });
    return exists;
  }

  return (id) => {
    const known = answers.get(id);
    if (known !== undefined && known.untilMs > parts.clock.monotonicMs()) return Promise.resolve(known.exists);
    const running = asking.get(id);
    if (running !== undefined) return running;
    if (asking.size >= askersMax)
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many questions to application services: try again later');
    const asked = askAll(id).finally(() => asking.delete(id));
    asking.set(id, asked);
    return asked;
  };
}

async function askOne(
  { call, clock }: AskParts,
  ask: {
    readonly question: Question;
    readonly appservice: Appservice;
    readonly id: string;
    readonly untilMs: number;
  },
): Promise<'exists' | 'unknown' | 'silent'> {
  for (let tries = 1; ; tries++) {
    const leftMs = ask.untilMs - clock.monotonicMs();
    if (leftMs <= 0) return 'silent';
    const answer = await call({
      appservice: ask.appservice,
      method: 'GET',
      path: ask.question.path(ask.id),
      legacyPath: ask.question.legacyPath(ask.id),
      statusOnly: true,
      timeoutMs: leftMs,
    });
    if (answer.outcome === 'answered' && answer.status < 500) return isSuccess(answer.status) ? 'exists' : 'unknown';
    if (answer.outcome === 'failed' && answer.reason === 'timeout') return 'silent';
    if (tries >= triesMax) return 'silent';
    await sleep(clock, pauseMs);
  }
}
