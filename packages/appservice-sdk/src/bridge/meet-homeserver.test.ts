// The first talk with every homeserver that there may be: what each answers, and what the operator reads of it.
import { expect, test } from 'vitest';
import type { CallRequest } from '../client/call.ts';
import { CallError } from '../client/call-error.ts';
import { fakeClock } from '../testing/clock.ts';
import { testRegistration } from '../testing/test-registration.ts';
import { meetHomeserver } from './meet-homeserver.ts';

type Answers = readonly (object | CallError)[];
const bot = { user_id: '@bot:example.org' };
const refuses = (status: number, errcode: string, answer: Record<string, unknown> = {}) =>
  new CallError(errcode, 'no', { status, answer });
const unreachable = (why: string) => new CallError('PONS_UNREACHABLE', why, { status: 0 });

/** Meets a homeserver that answers so; the last answer of each kind again and again. */
async function meet(answers: { whoami: Answers; ping?: Answers }) {
  const clock = fakeClock();
  const stopping = new AbortController();
  const said: string[] = [];
  const asked: string[] = [];
  const left = { whoami: [...answers.whoami], ping: [...(answers.ping ?? [{ duration_ms: 1 }])] };
  const say = (message: string, fields: { why?: string } = {}) =>
    void said.push(fields.why === undefined ? message : `${message}: ${fields.why}`);
  const meeting = meetHomeserver({
    call: async ({ method, path, body }: CallRequest) => {
      const list = path.endsWith('/whoami') ? left.whoami : left.ping;
      asked.push(`${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`);
      const answer = list.length > 1 ? list.shift() : list[0];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    homeserverUrl: 'http://hs',
    domain: 'example.org',
    registration: { ...testRegistration(), url: 'http://bridge:1' },
    registrationName: 'x.yaml',
    listening: '127.0.0.1:1',
    clock,
    random: () => 0.5,
    log: { debug: say, info: say, warn: say, error: say },
    signal: stopping.signal,
  });
  let tried = false;
  void meeting.tried.then(
    () => (tried = true),
    () => undefined,
  );
  const done = meeting.met.then(
    () => 'met',
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : 'something else'),
  );
  return { clock, stopping, said, asked, done, wasTried: () => tried };
}

/** Lets time pass until it is done. */
async function outcome(meeting: Awaited<ReturnType<typeof meet>>): Promise<string> {
  let result: string | undefined;
  void meeting.done.then((value) => (result = value));
  for (let round = 0; round < 200 && result === undefined; round++) {
    await new Promise((next) => setImmediate(next));
    await meeting.clock.advance(60_000);
  }
  return result ?? 'undecided';
}

test('a homeserver that knows and reaches us is met with one question each', async () => {
  const meeting = await meet({ whoami: [bot] });
  expect(await outcome(meeting)).toBe('met');
  expect(meeting.asked).toEqual([
    'GET /_matrix/client/v3/account/whoami',
    'POST /_matrix/client/v1/appservice/x/ping {"transaction_id":"x"}',
  ]);
  expect(meeting.said).toEqual([]);
});

test.each<[string, Answers, Answers | undefined, RegExp]>([
  [
    'an unknown token',
    [refuses(401, 'M_UNKNOWN_TOKEN')],
    undefined,
    /the as_token of x\.yaml: .*pons appservice add FILE/,
  ],
  ['another kind of server', [refuses(404, 'PONS_NOT_MATRIX')], undefined, /http:\/\/hs is not the client-server API/],
  ['a refusal', [refuses(403, 'M_FORBIDDEN')], undefined, /refuses the application service x/],
  ['another server name', [{ user_id: '@bot:other.org' }], undefined, /is other\.org, not example\.org/],
  ['another bot', [{ user_id: '@robot:example.org' }], undefined, /is @robot:example\.org, not @bot:example\.org/],
  ['no user at all', [{}], undefined, /is undefined, not @bot:example\.org/],
  ['another hs_token', [bot], [refuses(502, 'M_BAD_STATUS', { status: 403 })], /another hs_token than x\.yaml/],
  [
    'another program at our url',
    [bot],
    [refuses(502, 'M_BAD_STATUS', { status: 404 })],
    /http:\/\/bridge:1 answers 404/,
  ],
  ['no way to us', [bot], [refuses(502, 'M_CONNECTION_FAILED')], /cannot reach the bridge at http:\/\/bridge:1/],
  ['a way that ends nowhere', [bot], [refuses(504, 'M_CONNECTION_TIMEOUT')], /cannot reach the bridge/],
  ['no url', [bot], [refuses(400, 'M_URL_NOT_SET')], /x\.yaml says url: null/],
  ['another id', [bot], [refuses(403, 'M_FORBIDDEN')], /under another id than x/],
])('%s is one line for the operator', async (_, whoami, ping, line) => {
  const meeting = await meet({ whoami, ...(ping === undefined ? {} : { ping }) });
  const result = await outcome(meeting);
  expect(result).toMatch(/^OperatorError: [^\n]+$/);
  expect(result).toMatch(line);
});

test('a way to us that comes up a little later is believed', async () => {
  const meeting = await meet({
    whoami: [bot],
    ping: [refuses(502, 'M_CONNECTION_FAILED'), refuses(502, 'M_BAD_STATUS', { status: 502 }), {}],
  });
  expect(await outcome(meeting)).toBe('met');
  expect(meeting.said).toHaveLength(2);
});

test('a homeserver from before pings is met all the same', async () => {
  const meeting = await meet({ whoami: [bot], ping: [refuses(404, 'M_UNRECOGNIZED')] });
  expect(await outcome(meeting)).toBe('met');
  expect(meeting.said).toEqual([expect.stringContaining('knows no ping')]);
});

test('one that is away is waited for, and each reason is said once', async () => {
  const [refused, unknown] = [unreachable('ECONNREFUSED'), unreachable('ENOTFOUND')];
  const meeting = await meet({ whoami: [refused, refused, refused, unknown, refuses(502, 'PONS_NOT_MATRIX'), bot] });
  await new Promise((next) => setImmediate(next));
  expect(meeting.wasTried()).toBe(true);
  expect(await outcome(meeting)).toBe('met');
  expect(meeting.asked).toHaveLength(7);
  expect(meeting.said).toEqual([
    expect.stringContaining('ECONNREFUSED'),
    expect.stringContaining('ENOTFOUND'),
    expect.stringContaining('PONS_NOT_MATRIX'),
    'the homeserver answers',
  ]);
});

test('a bridge that stops waits no longer', async () => {
  const meeting = await meet({ whoami: [unreachable('ECONNREFUSED')] });
  await new Promise((next) => setImmediate(next));
  meeting.stopping.abort();
  expect(await outcome(meeting)).toBe('met');
});
