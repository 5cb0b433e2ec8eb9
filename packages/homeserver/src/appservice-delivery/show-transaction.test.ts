// What an operator may see of a transaction's body, and what never.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shownBody } from './show-transaction.ts';

const shown = (body: unknown) => shownBody(Buffer.from(JSON.stringify(body)));

test.each([
  [
    'a message keeps who, where and when; what was written is a length',
    {
      type: 'm.room.message',
      sender: '@a:x',
      room_id: '!r',
      event_id: '$e',
      origin_server_ts: 7,
      content: { msgtype: 'm.text', body: 'meet me at noon', 'm.relates_to': { rel_type: 'm.thread', event_id: '$f' } },
    },
    {
      type: 'm.room.message',
      sender: '@a:x',
      room_id: '!r',
      event_id: '$e',
      origin_server_ts: 7,
      content: {
        msgtype: 'm.text',
        body: '… 15 characters',
        'm.relates_to': { rel_type: 'm.thread', event_id: '$f' },
      },
    },
  ],
  [
    'a text that is no name does not show where a name belongs',
    { type: 'm.x', content: { msgtype: 'my diary of today', membership: { membership: 'and a poem' } } },
    { type: 'm.x', content: { msgtype: '… 17 characters', membership: { membership: '… 10 characters' } } },
  ],
  [
    'a key is a length, in a list too',
    {
      type: 'm.room_key',
      to_user_id: '@a:x',
      content: { algorithm: 'm.megolm.v1.aes-sha2', session_key: 'AgAA', x: ['k'] },
    },
    {
      type: 'm.room_key',
      to_user_id: '@a:x',
      content: { algorithm: 'm.megolm.v1.aes-sha2', session_key: '… 4 characters', x: ['… 1 character'] },
    },
  ],
])('%s', (_claim, event, expected) => {
  expect(shown({ events: [event], to_device: [event] })).toEqual({ events: [expected], to_device: [expected] });
});

test('what a proposal’s names repeat is shown once, with users and counts as they are', () => {
  const lists = { changed: ['@a:x'], left: [] };
  const counts = { '@a:x': { D: { signed_curve25519: 3 } } };
  const body = {
    events: [],
    to_device: [],
    'de.sorunome.msc2409.to_device': [],
    device_lists: lists,
    'org.matrix.msc3202.device_lists': lists,
    device_one_time_keys_count: counts,
    'org.matrix.msc3202.device_one_time_key_counts': counts,
  };
  expect(shown(body)).toEqual({ events: [], to_device: [], device_lists: lists, device_one_time_keys_count: counts });
});

test('of a body without bounds a bounded part is shown', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 'end' : { in: deep(levels - 1) });
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 'v'.repeat(20)]));
  const event = { type: 't'.repeat(5000), content: { many, list: Object.keys(many), deep: deep(100) } };
  expect(JSON.stringify(shown({ events: Array.from({ length: 100 }, () => event) })).length).toBeLessThan(600_000);
});

test('whatever the content, no text of it with a space in it is shown', () => {
  // Numbers beyond these are refused where events come in.
  const values = [fc.string(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)];
  const key = fc.constantFrom('body', 'msgtype', 'x', 'type');
  fc.assert(
    fc.property(fc.object({ maxDepth: 4, key, values }), (content) => {
      const secret = 'do not show';
      const marked = JSON.stringify({ events: [{ content: { ...content, body: [secret, { type: secret }] } }] });
      expect(JSON.stringify(shownBody(Buffer.from(marked)))).not.toContain(secret);
    }),
  );
});
