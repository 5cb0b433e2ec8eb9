// The client form cut out of the text equals the one made by parsing, whatever the event says.
import { canonicalJson, type JsonObject } from '@pons/spec';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clientEventText, topLevel } from './client-event-text.ts';

const value = fc.jsonValue({ maxDepth: 4, noUnicodeString: false });

it('is the event with its ids and without what only servers need', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), fc.string(), fc.option(fc.string()), (content, type, stateKey) => {
      const numbers = JSON.parse(
        JSON.stringify(content, (_, item: unknown) => (typeof item === 'number' ? Math.trunc(item) % 1e9 : item)),
      ) as JsonObject;
      fc.pre(type !== 'm.room.redaction');
      const kept = {
        content: numbers,
        sender: '@a:b',
        origin_server_ts: 1,
        type,
        ...(stateKey === null ? {} : { state_key: stateKey }),
      };
      const pdu = canonicalJson({
        ...kept,
        auth_events: ['"'],
        hashes: { sha256: '}' },
        signatures: {},
        depth: 1,
        unsigned: { age: 1 },
      });
      const text = clientEventText(pdu, { eventId: '$e"', roomId: '!r' });
      expect(JSON.parse(text)).toEqual({ ...kept, event_id: '$e"', room_id: '!r' });
    }),
  );
});

it('cuts every valid object into its members', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value), (object) => {
      const members = topLevel(JSON.stringify(object));
      const back = `{${[...members].map(([key, text]) => `"${key}":${text}`).join(',')}}`;
      expect(JSON.parse(back)).toEqual(JSON.parse(JSON.stringify(object)));
    }),
  );
});
