// The kit against application services: one that does everything right, and the same with one mistake for each claim; the claim of the
// mistake fails and says why.
import { loadRegistration } from '@pons/registration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conforms, formatReport, runConformance, serviceCases, SetUpFault, testService } from '../src/index.ts';
import { type Mistake, ScriptedService } from './scripted-service.ts';

const text = JSON.stringify({
  id: 'scripted',
  url: 'http://127.0.0.1:1',
  as_token: 'as-scripted',
  hs_token: 'hs-scripted',
  sender_localpart: 'scripted',
  protocols: ['scripted'],
  namespaces: {
    users: [{ exclusive: true, regex: '@_scripted_.*' }],
    aliases: [{ exclusive: true, regex: '#_scripted_.*' }],
  },
});
const loaded = loadRegistration(text, { file: 'scripted.yaml' });
if (loaded.outcome === 'refused') throw new Error(JSON.stringify(loaded.complaints));
const { registration } = loaded;
const service = new ScriptedService({ asToken: 'as-scripted', hsToken: 'hs-scripted', sender: '@scripted:localhost' });
let url = '';
beforeAll(async () => {
  url = await service.listen();
});
afterAll(() => service.close());

const run = (only?: readonly string[]) =>
  testService({
    url,
    registration,
    onListening: (homeserverUrl) => {
      service.homeserverUrl = homeserverUrl;
    },
    restart: () => service.restart(),
    ...(only === undefined ? {} : { only }),
  });

const mistakes: readonly (readonly [Mistake, string])[] = [
  ['answers-text', 'transactions/accepted'],
  ['refuses-empty', 'transactions/empty'],
  ['refuses-ephemeral-only', 'transactions/ephemeral-only'],
  ['refuses-to-device', 'transactions/to-device-only'],
  ['refuses-unknown-keys', 'transactions/unknown-keys'],
  ['fails-on-unknown-types', 'transactions/unknown-types'],
  ['fails-on-redacted', 'transactions/redacted'],
  ['fails-on-odd-messages', 'transactions/odd-messages'],
  ['fails-on-odd-members', 'transactions/odd-members'],
  ['fails-on-depth', 'transactions/deep'],
  ['takes-broken-json', 'transactions/not-json'],
  ['takes-any-json', 'transactions/no-object'],
  ['small-bodies', 'transactions/large'],
  ['medium-bodies', 'transactions/huge'],
  ['no-slash-in-ids', 'transactions/id-of-any-form'],
  ['forgets-ids', 'transactions/repeated'],
  ['remembers-late', 'transactions/repeated-at-once'],
  ['remembers-late', 'transactions/hung-up'],
  ['remembers-128', 'transactions/repeated-late'],
  ['forgets-at-restart', 'transactions/repeated-after-restart'],
  ['uses-up-ids', 'transactions/cut-off'],
  ['answers-itself', 'transactions/no-loop'],
  ['gives-up', 'transactions/done-after-trouble'],
  ['waits-for-homeserver', 'transactions/homeserver-in-trouble'],
  ['open-without-token', 'tokens/none'],
  ['no-token-check', 'tokens/wrong'],
  ['prefix-token-check', 'tokens/longer'],
  ['prefix-token-check', 'tokens/shorter'],
  ['as-token-passes', 'tokens/as-token'],
  ['open-queries', 'tokens/users'],
  ['open-queries', 'tokens/rooms'],
  ['open-ping', 'tokens/ping'],
  ['says-401', 'tokens/error'],
  ['ignores-query-token', 'tokens/both-must-match'],
  ['handles-before-token', 'tokens/nothing-done'],
  ['no-ping', 'ping/answered'],
  ['lies-about-users', 'queries/user'],
  ['lies-about-aliases', 'queries/alias'],
  ['takes-foreign-users', 'queries/foreign'],
  ['no-protocol', 'third-party/protocol'],
  ['lookups-no-list', 'third-party/lookups'],
  ['any-protocol', 'third-party/unknown'],
  ['fails-unknown-path', 'endpoints/unknown'],
  ['no-405', 'endpoints/method'],
  ['no-older-path', 'endpoints/older-path'],
  ['wrong-as-token', 'calls/token'],
  ['query-as-token', 'calls/header'],
  ['acts-for-others', 'calls/namespace'],
];

describe('a service that does everything right', () => {
  it('passes every claim', async () => {
    service.mistake = undefined;
    const { results } = await run();
    expect(results.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
    expect(results).toHaveLength(serviceCases.length);
  });
});

describe('what is no fault of the service', () => {
  it.each([
    [
      'a service that is not there',
      { url: 'http://127.0.0.1:1' },
      /no application service answers[\s\S]*start scripted/,
    ],
    [
      'another registration than the service was started with',
      { registration: { ...registration, hsToken: 'of another file' } },
      /does not take the hs_token[\s\S]*--registration/,
    ],
  ])('%s is told before any claim is tried', async (_, wrong, words) => {
    service.mistake = undefined;
    const tried: string[] = [];
    const fault = await testService({
      url,
      registration,
      startsWithinMs: 0,
      onResult: ({ id }) => tried.push(id),
      ...wrong,
    }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SetUpFault);
    expect((fault as Error).message).toMatch(words);
    expect(tried).toEqual([]);
  });
});

describe('a run that cannot be ended', () => {
  it('says once that the service is gone since which claim, and judges nothing after that', async () => {
    const mortal = new ScriptedService({
      asToken: 'as-scripted',
      hsToken: 'hs-scripted',
      sender: '@scripted:localhost',
    });
    const report = await testService({
      url: await mortal.listen(),
      registration,
      goneAfterMs: 500,
      onListening: (homeserverUrl) => {
        mortal.homeserverUrl = homeserverUrl;
      },
      onResult: ({ id }) => void (id === 'transactions/empty' && mortal.close()),
    });
    expect(report.results.map(({ id, outcome }) => [id, outcome])).toEqual([
      ['transactions/accepted', 'passed'],
      ['transactions/empty', 'passed'],
    ]);
    expect(report.brokenOff).toMatch(/^The service is gone since transactions\/empty: .* claims were not judged/);
    expect(conforms(report)).toBe(false);
    expect(formatReport(report)).toContain(report.brokenOff);
  });

  it('ends when its time is over, with what it knows', async () => {
    service.mistake = undefined;
    const begun: string[] = [];
    const report = await testService({ url, registration, withinMs: 0, onBegin: (claim) => void begun.push(claim) });
    expect(report.brokenOff).toContain('longer than 0 s');
    // Those that were through before the timer came count; the one that it ended does not.
    expect(begun).toHaveLength(report.results.length + 1);
    expect(conforms(report)).toBe(false);
  });

  it.each([
    [{ url: 'notaurl' }, /is "notaurl": write a URL/],
    [{ only: ['tokens/', 'nonsense/'] }, /no claim begins with "nonsense\/": there are transactions\/, tokens\//],
  ])('is not begun for %j', async (wrong, words) => {
    const fault = await testService({ url, registration, ...wrong }).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(SetUpFault);
    expect((fault as Error).message).toMatch(words);
    const other = { url: 'http://127.0.0.1:1', registrations: new Map(), ...wrong };
    await expect(runConformance(other)).rejects.toThrow(SetUpFault);
  });
});

describe('a service with a mistake', () => {
  it.each(mistakes)('that %s fails %s, with a reason', async (mistake, id) => {
    service.mistake = mistake;
    // What a service calls is judged by what it did before.
    const { results } = await run(id.startsWith('calls/') ? ['transactions/no-loop', id] : [id]);
    expect(results.find((one) => one.id === id)).toMatchObject({
      outcome: 'failed',
      reason: expect.not.stringMatching(/^the case broke off/) as string,
    });
  });

  it('exists for every claim', () => {
    const named = new Set(mistakes.map(([, id]) => id));
    expect(serviceCases.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
  });
});
