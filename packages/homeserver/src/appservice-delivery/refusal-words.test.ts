// What is shown of a refusal, and what is not.

import { loadRegistration } from '@pons/registration';
import { expect, it } from 'vitest';
import { type Appservice, toAppservice } from '../appservices/registry.ts';
import { refusalWords, wordsMax } from './refusal-words.ts';
import { refusalInFull } from './send-transaction.ts';

function appservice(): Appservice {
  const text =
    '{"id": "irc", "url": null, "as_token": "secret-as", "hs_token": "secret-hs", "sender_localpart": "b", "namespaces": {}}';
  const loaded = loadRegistration(text, { file: '' });
  if (loaded.outcome === 'refused') throw new Error('refused');
  return {
    ...toAppservice(loaded.registration, 'example.org', { live: 'irc' }),
    oldHsToken: { token: 'old-hs', untilTs: 0 },
  };
}

it.each([
  [{ code: 'FI.MAU.FAILED', message: 'the database is locked' }, 'FI.MAU.FAILED: the database is locked'],
  [{ errcode: 'M_UNKNOWN', error: 'it broke' }, 'M_UNKNOWN: it broke'],
  [{ message: 'two\nlines\u0000' }, 'two lines'],
  [
    { message: 'Bearer secret-hs or old-hs is not what secret-as belongs to' },
    'Bearer … or … is not what … belongs to',
  ],
  [{ message: 'x'.repeat(300) }, `${'x'.repeat(wordsMax)}…`],
  [{ code: 5, message: {} }, undefined],
  ['no object', undefined],
  [undefined, undefined],
])('%j is shown as %s', (said, expected) => {
  expect(refusalWords(said, appservice())).toBe(expected);
});

it('stands behind what we say of it', () => {
  const refused = { outcome: 'refused', status: 500, reason: 'answered 500' } as const;
  expect(refusalInFull(refused)).toBe('answered 500');
  expect(refusalInFull({ ...refused, said: 'M_UNKNOWN: it broke' })).toBe('answered 500: M_UNKNOWN: it broke');
});
