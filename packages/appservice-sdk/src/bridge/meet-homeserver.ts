// The first talk with the homeserver, before a bridge says that it is ready: does it know our token, are we the user that we think, can it
// reach us. What the operator has to mend ends the bridge with one line that says how; a homeserver that is away is waited for, and the
// log says so once for each reason and not for each try.
// https://spec.matrix.org/v1.19/application-service-api/#pinging

import type { Registration } from '@pons/registration';
import type { Call } from '../client/call.ts';
import { CallError, isTransient } from '../client/call-error.ts';
import { type Clock, sleep } from '../client/clock.ts';
import { backoffMs } from '../client/retry.ts';
import type { Log } from '../log.ts';
import { OperatorError } from '../operator-error.ts';
import { refusesToken, unknownToken } from './lost-token.ts';

/** Longest pause between two tries. */
const WAIT_MAX_MS = 30_000;
/** Pings until "it cannot reach us" is believed: a container's network, or a proxy, may come up after the bridge. */
const PINGS_MAX = 5;
/** One question: a homeserver answers these from memory; the ping has its own bound there. */
const QUESTION_TIMEOUT_MS = 40_000;

/** What the talk is about. */
export interface Introduction {
  /** One try each: the waiting is done here. */
  readonly call: Call;
  readonly homeserverUrl: string;
  readonly domain: string;
  readonly registration: Registration;
  /** How the registration is called in what the operator reads: its file. */
  readonly registrationName: string;
  /** Where we listen. */
  readonly listening: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The talk under way. */
export interface Meeting {
  /** The homeserver has answered, or was found to be away. Rejects as `met` does. */
  readonly tried: Promise<void>;
  /** It knows us and reaches us. Rejects with what the operator has to mend; resolves when the bridge stops before. */
  readonly met: Promise<void>;
}

/** Begins the talk. */
export function meetHomeserver(introduction: Introduction): Meeting {
  let away: () => void = () => undefined;
  const firstAway = new Promise<void>((resolve) => (away = resolve));
  const met = meet(introduction, away);
  const tried = Promise.race([met, firstAway]);
  tried.catch(() => undefined);
  met.catch(() => undefined);
  return { tried, met };
}

async function meet(introduction: Introduction, away: () => void): Promise<void> {
  const patiently = <T>(task: () => Promise<T>) => untilAnswered(introduction, task, away);
  const who = await patiently(() => ask(introduction, 'GET', '/_matrix/client/v3/account/whoami'));
  if (who === undefined) return;
  checkIdentity(introduction, who['user_id']);
  for (let pings = 1; ; pings++) {
    const trouble = await patiently(() => ping(introduction));
    if (trouble === undefined) return;
    if (pings >= PINGS_MAX) throw new OperatorError([trouble]);
    introduction.log.warn('the homeserver does not reach the bridge yet', { why: trouble });
    if (!(await pause(introduction, pings + 3))) return;
  }
}

type Answer = Readonly<Record<string, unknown>>;

async function ask(introduction: Introduction, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  const { call, signal } = introduction;
  const request = { method, path, signal, timeoutMs: QUESTION_TIMEOUT_MS, ...(body === undefined ? {} : { body }) };
  try {
    return (await call(request)) as Answer;
  } catch (error) {
    if (!(error instanceof CallError) || isTransient(error) || method === 'POST') throw error;
    throw new OperatorError([refusal(introduction, error)], error);
  }
}

function refusal({ homeserverUrl, registrationName, registration }: Introduction, error: CallError): string {
  if (refusesToken(error)) return unknownToken(homeserverUrl, registrationName);
  if (error.errcode === 'PONS_NOT_MATRIX' || error.errcode === 'M_UNRECOGNIZED')
    return `what answers at ${homeserverUrl} is not the client-server API of a homeserver (${error.message}): correct the homeserver's url`;
  return `the homeserver at ${homeserverUrl} refuses the application service ${registration.id}: ${error.message}`;
}

/** The token must be that of the bot which we call ours. */
function checkIdentity({ registration, domain, homeserverUrl, registrationName }: Introduction, userId: unknown): void {
  const expected = `@${registration.senderLocalpart}:${domain}`;
  if (userId === expected) return;
  const [, localpart, server] = /^@([^:]*):(.*)$/s.exec(String(userId)) ?? [];
  throw new OperatorError([
    localpart === registration.senderLocalpart
      ? `the homeserver at ${homeserverUrl} is ${server}, not ${domain}: correct the domain, or the homeserver's url`
      : `to the homeserver at ${homeserverUrl} the as_token of ${registrationName} is ${String(userId)}, not ${expected}: its copy of the registration is another; give both the same file`,
  ]);
}

/** Has us pinged. @returns why we are not reached, if that may pass by itself */
async function ping(introduction: Introduction): Promise<string | undefined> {
  const { registration, registrationName, homeserverUrl, listening, log } = introduction;
  const path = `/_matrix/client/v1/appservice/${encodeURIComponent(registration.id)}/ping`;
  const url = registration.url ?? 'null';
  try {
    await ask(introduction, 'POST', path, { transaction_id: registration.id });
    return undefined;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const { errcode, answer } = error;
    const fatal = (line: string) => new OperatorError([line], error);
    if (errcode === 'M_CONNECTION_FAILED' || errcode === 'M_CONNECTION_TIMEOUT')
      return `the homeserver at ${homeserverUrl} cannot reach the bridge at ${url}, which listens on ${listening}: correct url in ${registrationName} (both sides), bind, or the firewall between them (${error.message})`;
    if (errcode === 'M_BAD_STATUS' && (answer['status'] === 401 || answer['status'] === 403))
      throw fatal(
        `the homeserver at ${homeserverUrl} calls ${url} with another hs_token than ${registrationName} has: give both the same file`,
      );
    if (errcode === 'M_BAD_STATUS')
      return `what the homeserver at ${homeserverUrl} reaches at ${url} answers ${String(answer['status'])}, as this bridge, which listens on ${listening}, does not: correct url in ${registrationName}`;
    if (errcode === 'M_URL_NOT_SET')
      throw fatal(
        `${registrationName} says url: null, so nothing reaches the bridge: write the url that leads to ${listening}, on both sides`,
      );
    if (errcode === 'M_FORBIDDEN')
      throw fatal(
        `the homeserver at ${homeserverUrl} knows the as_token of ${registrationName} under another id than ${registration.id}: give both the same file`,
      );
    if (isTransient(error)) throw error;
    // A homeserver from before v1.7 of the specification: whoami has to do.
    log.info('the homeserver knows no ping: whether it reaches the bridge shows with the first event', { errcode });
    return undefined;
  }
}

/** Tries until there is an answer; `undefined` when the bridge stops. */
async function untilAnswered<T>(
  introduction: Introduction,
  task: () => Promise<T>,
  away: () => void,
): Promise<T | undefined> {
  const { homeserverUrl, log, signal } = introduction;
  let said: string | undefined;
  for (let attempt = 2; !signal.aborted; attempt++) {
    try {
      const result = await task();
      if (said !== undefined) log.info('the homeserver answers', { homeserver: homeserverUrl });
      return result;
    } catch (error) {
      if (!isTransient(error) || signal.aborted) throw error;
      away();
      const why = String(error instanceof Error ? error.message : error);
      if (why !== said)
        log.warn('the homeserver is away; it is tried again until it answers', { homeserver: homeserverUrl, why });
      said = why;
      if (!(await pause(introduction, attempt))) return undefined;
    }
  }
  return undefined;
}

function pause({ clock, random, signal }: Introduction, attempt: number): Promise<boolean> {
  return sleep(clock, backoffMs(attempt, random(), WAIT_MAX_MS), signal);
}
