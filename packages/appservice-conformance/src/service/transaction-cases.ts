// Chapter Transactions, at an application service: what it accepts, what a repeat means, and what must not bring it down.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import { describe } from '../call.ts';
import { pause } from '../clock.ts';
import { demand, Skipped, Unmet } from '../outcome.ts';
import type { Bench, BenchEvent } from './bench.ts';
import type { ServiceCase } from './cases.ts';

const link = 'https://spec.matrix.org/v1.19/application-service-api/#pushing-events';
const about = { chapter: 'Transactions', level: 'must', link } as const;

/** A first failure is tried again well before. */
const doneWithinMs = 30_000;
const sentAgainMax = 20;
const betweenTriesMs = 500;

/** Contents that a bridge may not have thought of; each must be accepted and change nothing of what follows. */
const oddities: readonly (readonly [string, string, (bench: Bench, room: string) => readonly BenchEvent[]])[] = [
  [
    'unknown-types',
    'event types that it does not know',
    (bench, room) => [
      bench.event(room, { type: 'com.example.unknown', content: { anything: [1, null, { deep: true }] } }),
      bench.event(room, { type: 'com.example.unknown.state', state_key: '', content: {} }),
    ],
  ],
  [
    'redacted',
    'redactions, and events that have been redacted',
    (bench, room) => [
      bench.event(room, {
        type: 'm.room.message',
        content: {},
        unsigned: { redacted_because: { type: 'm.room.redaction' } },
      }),
      bench.event(room, { type: 'm.room.redaction', redacts: '$never-seen', content: {} }),
      bench.event(room, { type: 'm.room.redaction', content: { redacts: '$never-seen' } }),
    ],
  ],
  [
    'odd-messages',
    'messages without a body, with one that is no text, and with every odd character',
    (bench, room) => [
      bench.event(room, { type: 'm.room.message', content: { msgtype: 'm.text' } }),
      bench.event(room, { type: 'm.room.message', content: { msgtype: 7, body: ['no', 'text'] } }),
      bench.event(room, {
        type: 'm.room.message',
        content: { msgtype: 'm.text', body: null, 'm.relates_to': 'nonsense' },
      }),
      bench.message(room, '\u0000\u200b\ufeff‮ \u{1f309} '.repeat(20)),
    ],
  ],
  [
    'odd-members',
    'memberships of people, ghosts and remote users that it has never heard of',
    (bench, room) => [
      bench.event(room, { type: 'm.room.member', state_key: '@x:elsewhere.example', content: { membership: 'knock' } }),
      bench.event(room, { type: 'm.room.member', state_key: '@y:elsewhere.example', content: { membership: 7 } }),
      bench.event(room, { type: 'm.room.member', state_key: 'no user id', content: { membership: 'leave' } }),
      bench.event(room, { type: 'm.room.member', content: { membership: 'join' } }),
    ],
  ],
  [
    'deep',
    'an event that is nested a hundred deep',
    (bench, room) => {
      let deep: unknown = 1;
      for (let level = 0; level < 100; level++) deep = { deep };
      return [bench.event(room, { type: 'm.room.message', content: { msgtype: 'm.text', body: 'deep', deep } })];
    },
  ],
];

const oddCases = oddities.map(
  ([id, what, events]): ServiceCase => ({
    ...about,
    id: `transactions/${id}`,
    claim: `it accepts ${what}`,
    async run(bench) {
      const room = await bench.room();
      const answer = await bench.put(bench.nextTxnId(), { events: events(bench, room) });
      demand(answer.status === 200, `it was answered ${describe(answer)}: the homeserver would send it for ever`);
      await bench.alive('that');
    },
  }),
);

const typing = (room: string, user: string) => ({ type: 'm.typing', room_id: room, content: { user_ids: [user] } });
const receipt = (room: string, user: string) => ({
  type: 'm.receipt',
  room_id: room,
  content: { $never: { 'm.read': { [user]: { ts: 1, thread_id: 'main' } } } },
});
const presence = (user: string) => ({ type: 'm.presence', sender: user, content: { presence: 'online' } });

/** Bodies beside plain events. */
const bodies: readonly (readonly [string, string, (bench: Bench) => object])[] = [
  ['empty', 'an empty transaction', () => ({ events: [] })],
  [
    'ephemeral-only',
    'a transaction of nothing but typing, receipts and presence, under the stable and the older key',
    (bench) => {
      const room = bench.homeserver.makeRoom(bench.human);
      const ephemeral = [typing(room, bench.human), receipt(room, bench.human), presence(bench.human)];
      return { events: [], ephemeral, 'de.sorunome.msc2409.ephemeral': ephemeral };
    },
  ],
  [
    'to-device-only',
    'a transaction of nothing but to-device messages, device lists and key counts',
    (bench) => {
      const { sender } = bench.homeserver;
      const message = {
        type: 'com.example.unknown',
        sender: bench.human,
        content: {},
        to_user_id: sender,
        to_device_id: 'D',
      };
      const counts = { [sender]: { D: { signed_curve25519: 3 } } };
      return {
        events: [],
        to_device: [message],
        'de.sorunome.msc2409.to_device': [message],
        device_lists: { changed: [bench.human], left: [] },
        'org.matrix.msc3202.device_lists': { changed: [bench.human], left: [] },
        device_one_time_keys_count: counts,
        'org.matrix.msc3202.device_one_time_keys_count': counts,
        device_unused_fallback_key_types: { [sender]: { D: [] } },
      };
    },
  ],
  [
    'unknown-keys',
    'a transaction with keys from the future',
    () => ({ events: [], 'com.example.future': { keys: [1] } }),
  ],
];

const bodyCases = bodies.map(
  ([id, what, body]): ServiceCase => ({
    ...about,
    id: `transactions/${id}`,
    claim: `it accepts ${what}`,
    async run(bench) {
      const answer = await bench.put(bench.nextTxnId(), body(bench));
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
    },
  }),
);

/** Bodies that are none. */
const malformed: readonly (readonly [string, string, string])[] = [
  ['not-json', 'a body that is no JSON', '{"events":['],
  ['no-object', 'a body that is no object', '"events"'],
];
const malformedCases = malformed.map(
  ([id, what, text]): ServiceCase => ({
    ...about,
    level: 'should',
    id: `transactions/${id}`,
    claim: `it refuses ${what} as the sender’s mistake (4xx), and goes on`,
    async run(bench) {
      const path = `/_matrix/app/v1/transactions/${bench.nextTxnId()}`;
      const answer = await bench.ask('PUT', path, { bytes: Buffer.from(text) });
      demand(answer.status >= 400 && answer.status < 500, `it was answered ${describe(answer)}`);
      await bench.alive('that');
    },
  }),
);

async function large(bench: Bench, sizeBytes: number): Promise<void> {
  const room = await bench.room();
  const count = 100;
  const events = Array.from({ length: count }, (_, index) =>
    bench.event(room, { type: 'com.example.large', content: { index, filler: 'x'.repeat(sizeBytes / count) } }),
  );
  const answer = await bench.put(bench.nextTxnId(), { events }, { timeoutMs: 60_000 });
  demand(answer.status === 200, `it was answered ${describe(answer)}`);
}

/** Sends an event twice under one transaction id in some way. @throws Unmet when more came of it than of one */
async function onceOnly(bench: Bench, twice: (txnId: string, body: object) => Promise<void>): Promise<void> {
  const reference = await measure(bench, async (body) => void (await bench.put(bench.nextTxnId(), body)));
  const repeated = await measure(bench, (body) => twice(bench.nextTxnId(), body));
  if (repeated === 0) throw new Unmet('nothing came of the event at all');
  demand(repeated <= reference, `${repeated} things came of it instead of ${reference}: the event was handled again`);
}

async function measure(bench: Bench, send: (body: object) => Promise<void>): Promise<number> {
  const { room, event } = await bench.provoke();
  const before = bench.homeserver.effectsIn(room).length;
  await send({ events: [event] });
  return (await bench.effectsBeyond(room, before)) - before;
}

const repeats: readonly ServiceCase[] = [
  {
    ...about,
    id: 'transactions/repeated',
    claim: 'a transaction that comes again is accepted, and nothing is done twice',
    run: (bench) =>
      onceOnly(bench, async (txnId, body) => {
        for (let time = 0; time < 3; time++) {
          const answer = await bench.put(txnId, body);
          demand(answer.status === 200, `time ${time + 1}: it was answered ${describe(answer)}`);
          await pause(50);
        }
      }),
  },
  {
    ...about,
    id: 'transactions/repeated-at-once',
    claim: 'a repeat that comes while the first is still being handled does nothing twice either',
    run: (bench) =>
      onceOnly(bench, async (txnId, body) => {
        await Promise.all(Array.from({ length: 5 }, () => bench.put(txnId, body)));
      }),
  },
  {
    ...about,
    id: 'transactions/hung-up',
    claim: 'a homeserver that hangs up before the answer and sends again finds it done once',
    run: (bench) =>
      onceOnly(bench, async (txnId, body) => {
        await bench.put(txnId, body, { hangUpAfterMs: 5 });
        await pause(100);
        const answer = await bench.put(txnId, body);
        demand(answer.status === 200, `the second time it was answered ${describe(answer)}`);
      }),
  },
  {
    ...about,
    level: 'beyond',
    id: 'transactions/repeated-late',
    claim: 'a transaction that comes again after two hundred others is known still',
    run: (bench) =>
      onceOnly(bench, async (txnId, body) => {
        await bench.put(txnId, body);
        for (let count = 0; count < 200; count++) await bench.put(bench.nextTxnId(), { events: [] });
        await bench.put(txnId, body);
      }),
  },
  {
    ...about,
    level: 'should',
    id: 'transactions/repeated-after-restart',
    claim: 'a transaction that comes again after the service was killed and started does nothing twice',
    run: (bench) =>
      onceOnly(bench, async (txnId, body) => {
        const { restart } = bench.parts;
        if (restart === undefined) throw new Skipped('the kit was given no way to kill and start the service');
        await bench.put(txnId, body);
        await pause(1000);
        await restart();
        await bench.put(txnId, body);
      }),
  },
];

/** Claims of this chapter. */
export const transactionCases: readonly ServiceCase[] = [
  {
    ...about,
    id: 'transactions/accepted',
    claim: 'a transaction is answered 200 with a JSON object',
    async run(bench) {
      const answer = await bench.put(bench.nextTxnId(), {
        events: [bench.message(bench.homeserver.makeRoom(), 'hello')],
      });
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
      demand(/^\s*\{[\s\S]*\}\s*$/.test(answer.text), `its body was ${JSON.stringify(answer.text.slice(0, 80))}`);
    },
  },
  ...bodyCases,
  ...oddCases,
  ...malformedCases,
  {
    ...about,
    id: 'transactions/large',
    claim: 'it accepts a transaction of a hundred events and 1 MB',
    run: (bench) => large(bench, 1_000_000),
  },
  {
    ...about,
    level: 'should',
    id: 'transactions/huge',
    claim: 'it accepts a transaction of 6 MB: a hundred events of the largest size',
    run: (bench) => large(bench, 6_000_000),
  },
  {
    ...about,
    id: 'transactions/id-of-any-form',
    claim: 'a transaction id is any text, with a slash and a percent sign as well',
    async run(bench) {
      const answer = await bench.put(`${bench.nextTxnId()}/%41 ü`, { events: [] });
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
    },
  },
  ...repeats,
  {
    ...about,
    id: 'transactions/cut-off',
    claim: 'half a transaction is nothing: the whole one is handled when it comes',
    async run(bench) {
      const { room, event } = await bench.provoke();
      const txnId = bench.nextTxnId();
      const body = Buffer.from(JSON.stringify({ events: [event] }));
      const path = `/_matrix/app/v1/transactions/${txnId}`;
      const before = bench.homeserver.effectsIn(room).length;
      await bench.ask('PUT', path, { bytes: body.subarray(0, body.length / 2) });
      const answer = await bench.ask('PUT', path, { bytes: body });
      demand(answer.status === 200, `it was answered ${describe(answer)}`);
      demand(
        (await bench.effectsBeyond(room, before)) > before,
        'nothing came of the whole transaction: its id was used up',
      );
    },
  },
  {
    ...about,
    level: 'should',
    id: 'transactions/no-loop',
    claim: 'it does not answer what its own user said',
    async run(bench) {
      const room = await bench.conversation();
      const before = bench.homeserver.effectsIn(room).length;
      await bench.deliver({ ...bench.message(room, 'an echo'), sender: bench.homeserver.sender });
      const after = (await bench.settle(room)).length;
      demand(after === before, `${after - before} things came of it: two such services would talk for ever`);
    },
  },
  {
    ...about,
    level: 'should',
    id: 'transactions/done-after-trouble',
    claim: 'what it could not do while the homeserver failed for a moment is done when that is well again',
    async run(bench) {
      const { room, event } = await bench.provoke();
      const txnId = bench.nextTxnId();
      const { homeserver } = bench;
      const before = homeserver.effectsIn(room).length;
      homeserver.trouble = 502;
      const answering = bench.put(txnId, { events: [event] });
      try {
        await bench.callsEnd();
      } finally {
        homeserver.trouble = undefined;
      }
      let answer = await answering;
      // One that does not take it is sent it again, as a homeserver does.
      for (let time = 0; answer.status !== 200 && time < sentAgainMax; time++) {
        await pause(betweenTriesMs);
        answer = await bench.put(txnId, { events: [event] });
      }
      demand(answer.status === 200, `the homeserver is well again, and it was answered ${describe(answer)}`);
      demand(
        (await bench.effectsBeyond(room, before, doneWithinMs)) > before,
        `the transaction was answered 200 while its calls were answered 502, and nothing has come of it ${doneWithinMs / 1000} s after that was over: the event is lost`,
      );
    },
  },
  {
    ...about,
    level: 'should',
    id: 'transactions/homeserver-in-trouble',
    claim: 'it accepts transactions while its own calls to the homeserver fail or hang',
    async run(bench) {
      const room = await bench.room();
      try {
        for (const trouble of [500, 429, 'never'] as const) {
          bench.homeserver.trouble = trouble;
          const body = { events: [bench.message(room, 'in trouble')] };
          const answer = await bench.put(bench.nextTxnId(), body, { timeoutMs: 20_000 });
          demand(answer.status === 200, `while calls are answered ${trouble}: it was answered ${describe(answer)}`);
        }
      } finally {
        bench.homeserver.trouble = undefined;
      }
      await bench.alive('that');
    },
  },
];
