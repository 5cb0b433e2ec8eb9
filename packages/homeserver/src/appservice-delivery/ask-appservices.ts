// Asks application services whether a user or alias exists: those whose namespace holds it, side by side, within one deadline. Many who
// ask for the same at once share one question, and what was answered is remembered for a moment. Nothing else waits for it: a hung
// application service costs only those who asked for something of its own.
// https://spec.matrix.org/v1.19/application-service-api/#querying

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Appservice } from '../appservices/registry.ts';
import { type Clock, sleep } from '../platform/clock.ts';
import { type AppserviceAnswer, type CallAppservice, isSuccess } from './call-appservice.ts';
import type { WhoWaits } from './who-waits.ts';

export interface AskParts {
  readonly call: CallAppservice;
  readonly whoWaits: WhoWaits;
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
  /** Whether what a yes speaks of is there; without it a yes is believed. */
  readonly isThere?: (id: string, appservice: Appservice) => Promise<boolean>;
}

/**
 * Asks: true when an application service says that it has made what was asked for.
 *
 * @param asking  the application service on whose behalf; it is not asked itself
 * @throws MatrixError M_UNKNOWN with 408 when one that could know does not answer, with what it did instead
 */
export type Ask = (id: string, asking?: string) => Promise<boolean>;

/** How long an answer is believed; the same both ways, as an application service may change its mind. */
const answerBelievedMs = 10_000;
const answersMax = 10_000;
const questionsMax = 10_000;
/** No answer, or an error of the server: this often, with a pause in between where it came at once. */
const triesMax = 3;
const pauseMs = 500;

/** `away`: there is no way to it; it may connect in a moment. `failure`: there was no answer, but this. */
type Reply = 'exists' | 'unknown' | 'away' | { readonly failure: string };
const tooLate = { failure: 'did not answer in time' };

/** A question on its way. */
interface Running {
  readonly asked: readonly string[];
  readonly answer: Promise<boolean>;
}

/** A function that asks. */
export function createAsk(parts: AskParts, question: Question): Ask {
  const { clock, whoWaits } = parts;
  const running = new Map<string, Running>();
  const answers = new LRUCache<string, { readonly exists: boolean; readonly untilMs: number }>(atMost(answersMax));

  async function askAll(key: string, id: string, asked: readonly Appservice[]): Promise<boolean> {
    const untilMs = clock.monotonicMs() + parts.deadlineMs;
    const reply = await firstToKnow(asked.map((appservice) => askOne(parts, { question, appservice, id, untilMs })));
    if (typeof reply === 'object')
      throw new MatrixError('M_UNKNOWN', `the application service that may know it ${reply.failure}`, { status: 408 });
    const exists = reply === 'exists';
    if (reply === 'away') return false;
    answers.set(key, { exists, untilMs: clock.monotonicMs() + answerBelievedMs });
    return exists;
  }

  function start(key: string, id: string, asked: readonly Appservice[]): Running {
    if (running.size >= questionsMax)
      throw new MatrixError('M_LIMIT_EXCEEDED', 'too many questions to application services: try again later');
    const answer = askAll(key, id, asked).finally(() => running.delete(key));
    const started = { asked: asked.map((appservice) => appservice.id), answer };
    running.set(key, started);
    return started;
  }

  return async (id, asking) => {
    const closesCircle = (appserviceId: string) => asking !== undefined && whoWaits.leadsTo(appserviceId, asking);
    const known = question.whom(id);
    const asked = known.filter((appservice) => !closesCircle(appservice.id));
    if (asked.length === 0) return false;
    // Who may not ask everybody has a question, and an answer, of their own.
    const key = asked.length === known.length ? id : `${id} ${asking}`;
    const answered = answers.get(key);
    if (answered !== undefined && answered.untilMs > clock.monotonicMs()) return answered.exists;
    const shared = running.get(key) ?? start(key, id, asked);
    return whoWaits.during(asking, shared.asked, shared.answer);
  };
}

/** The first who says that it exists decides; else a failure weighs more than not knowing, and that more than not being there. */
function firstToKnow(replies: readonly Promise<Reply>[]): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const heard: Reply[] = [];
    const count = (reply: Reply) => {
      heard.push(reply);
      if (reply === 'exists') resolve(reply);
      else if (heard.length === replies.length)
        resolve(heard.find((one) => typeof one === 'object') ?? heard.find((one) => one === 'unknown') ?? 'away');
    };
    for (const reply of replies) reply.then(count, reject);
  });
}

async function askOne(
  { call, clock }: AskParts,
  ask: {
    readonly question: Question;
    readonly appservice: Appservice;
    readonly id: string;
    readonly untilMs: number;
  },
): Promise<Reply> {
  let failed = tooLate;
  for (let tries = 1; ; tries++) {
    const leftMs = ask.untilMs - clock.monotonicMs();
    if (leftMs <= 0) return failed;
    const answer = await call({
      appservice: ask.appservice,
      method: 'GET',
      path: ask.question.path(ask.id),
      legacyPath: ask.question.legacyPath(ask.id),
      statusOnly: true,
      // A request that got lost is asked again while there is time; the last try has all that is left.
      timeoutMs: tries < triesMax ? leftMs / 2 : leftMs,
    });
    if (answer.outcome === 'answered' && answer.status < 500) {
      const { isThere = () => Promise.resolve(true) } = ask.question;
      return isSuccess(answer.status) && (await isThere(ask.id, ask.appservice)) ? 'exists' : 'unknown';
    }
    if (answer.outcome === 'failed' && answer.reason === 'no-url') return 'away';
    failed = failureOf(answer);
    if (tries >= triesMax) return failed;
    if (answer.outcome === 'answered' || answer.reason === 'connection') await sleep(clock, pauseMs);
  }
}

/** In words for whoever asked: they cannot mend it, but tell who can. */
function failureOf(answer: AppserviceAnswer): { readonly failure: string } {
  if (answer.outcome === 'answered') return { failure: `answered with an error (status ${answer.status})` };
  return answer.reason === 'connection' ? { failure: 'cannot be reached' } : tooLate;
}
