// Calls to an application service whose websocket another process holds: that process is asked to make them, by NOTIFY, and answers the same
// way, in as many parts as it takes. For what clients wait for (pings, questions, lookups); transactions are sent where the socket is.
//
//   A  ["?", "A", 7, "irc", "GET", "/_matrix/app/v1/users/…", …]  ──▶  B, which holds the websocket of irc, makes the call
//   A  ◀──  ["!", "A", 7, 0, 1, "{\"status\":200,…}"]  B

import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { AppserviceAnswer, AppserviceRequest, Transport } from './call-appservice.ts';
import type { ProcessChannel } from './websockets-elsewhere.ts';

export interface ForwardingParts {
  readonly channel: ProcessChannel;
  readonly processId: string;
  readonly clock: Clock;
  readonly registry: AppserviceRegistry;
  /** The websockets of this process. */
  readonly here: Transport;
  /** Whether another process holds the websocket of this application service. */
  readonly isElsewhere: (appserviceId: string) => boolean;
}

/** A way to application services that are connected to this process or another. */
export interface ForwardingTransport extends Transport {
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Asked = readonly ['?', from: string, number: number, appserviceId: string, ...call: ForwardedCall];
type ForwardedCall = readonly [
  method: AppserviceRequest['method'],
  path: string,
  body: string | null,
  timeoutMs: number,
  how: { readonly oldToken: boolean; readonly statusOnly: boolean },
];
type Answered = readonly ['!', to: string, number: number, part: number, parts: number, text: string];

/** A payload of NOTIFY has 8,000 bytes at most. Parts are Base64, so that no character is cut and every one is a byte. */
const payloadBytesMax = 7_900;
const partCharsMax = 7_500;
/** Answers are at most as large as `answerBytesMax`, twice Base64. */
const partsMax = 300;
/** Calls that wait for another process, and that are made for others. */
const waitingMax = 1_000;

interface Waiting {
  readonly parts: string[];
  readonly end: (answer: AppserviceAnswer) => void;
  readonly timer: Timer;
}

/** Forwards over the channel; nothing is heard before `start`. */
export function createForwarding(parts: ForwardingParts): ForwardingTransport {
  const { channel, processId, clock, registry, here } = parts;
  const waiting = new Map<number, Waiting>();
  let lastNumber = 0;
  let madeForOthers = 0;
  let stopListening: (() => Promise<void>) | undefined;

  function forward(request: AppserviceRequest, hsToken: string): Promise<AppserviceAnswer> {
    const { appservice, method, path, body, timeoutMs, statusOnly = false } = request;
    const number = (lastNumber += 1);
    const how = { oldToken: hsToken !== appservice.registration.hsToken, statusOnly };
    const call: ForwardedCall = [method, path, body?.toString('utf8') ?? null, timeoutMs, how];
    const asked: Asked = ['?', processId, number, appservice.id, ...call];
    const payload = JSON.stringify(asked);
    if (waiting.size >= waitingMax || Buffer.byteLength(payload) > payloadBytesMax)
      return Promise.resolve(notForwarded);
    return new Promise((resolve) => {
      const end = (answer: AppserviceAnswer) => {
        if (!waiting.delete(number)) return;
        timer.cancel();
        resolve(answer);
      };
      const timer = clock.setTimer(timeoutMs, () => end(noAnswer));
      waiting.set(number, { parts: [], end, timer });
      channel.tell(payload);
    });
  }

  async function makeForOther([, from, number, appserviceId, ...call]: Asked): Promise<void> {
    const appservice = registry.byId(appserviceId);
    if (appservice === undefined || !here.connected(appserviceId) || madeForOthers >= waitingMax) return;
    const [method, path, body, timeoutMs, how] = call;
    const { hsToken } = appservice.registration;
    madeForOthers += 1;
    try {
      const answer = await here.call(
        { appservice, method, path, timeoutMs, ...(body === null ? {} : { body: Buffer.from(body) }) },
        how.oldToken ? (appservice.oldHsToken?.token ?? hsToken) : hsToken,
      );
      tellAnswer(from, number, how.statusOnly && answer.outcome === 'answered' ? { ...answer, body: none } : answer);
    } finally {
      madeForOthers -= 1;
    }
  }

  function tellAnswer(to: string, number: number, answer: AppserviceAnswer): void {
    const whole = answer.outcome === 'answered' ? { ...answer, body: answer.body.toString('base64') } : answer;
    const text = Buffer.from(JSON.stringify(whole)).toString('base64');
    const count = Math.ceil(text.length / partCharsMax);
    for (let part = 0; part < count; part++) {
      const said: Answered = ['!', to, number, part, count, text.slice(part * partCharsMax, (part + 1) * partCharsMax)];
      channel.tell(JSON.stringify(said));
    }
  }

  function take([, , number, part, count, text]: Answered): void {
    const call = waiting.get(number);
    if (call === undefined || count > partsMax) return;
    call.parts[part] = text;
    if (Object.keys(call.parts).length < count) return;
    const whole = JSON.parse(Buffer.from(call.parts.join(''), 'base64').toString('utf8')) as AppserviceAnswer;
    call.end(whole.outcome === 'answered' ? { ...whole, body: Buffer.from(String(whole.body), 'base64') } : whole);
  }

  return {
    connected: (id) => here.connected(id) || parts.isElsewhere(id),
    call: (request, hsToken) =>
      here.connected(request.appservice.id) ? here.call(request, hsToken) : forward(request, hsToken),
    async start() {
      stopListening = await channel.listen((payload) => {
        if (payload === '') return; // the connection was lost: whoever waits is told by its timer
        const said = JSON.parse(payload) as Asked | Answered;
        if (said[0] === '?' && said[1] !== processId) void makeForOther(said);
        if (said[0] === '!' && said[1] === processId) take(said);
      });
    },
    async stop() {
      for (const { end } of waiting.values()) end(notForwarded);
      await stopListening?.();
    },
  };
}

const none = Buffer.alloc(0);
const noAnswer: AppserviceAnswer = {
  outcome: 'failed',
  reason: 'timeout',
  message: 'no answer came from the process that holds its websocket',
};
const notForwarded: AppserviceAnswer = {
  outcome: 'failed',
  reason: 'connection',
  message: 'the call cannot be passed on to the process that holds its websocket',
};
