// Bodies against the descriptors' schemas, as a table: what is refused, with which code and words.

import type { JsonObject } from '@pons/spec';
import { type Endpoint, endpoints, type JsonSchema } from '@pons/spec/endpoints';
import { expect, test } from 'vitest';
import { compileBodyCheck } from './check-body.ts';

function refusal(endpoint: Endpoint, body: JsonObject): string {
  try {
    compileBodyCheck(endpoint)?.(body);
  } catch (error) {
    const { errcode, message } = error as { errcode: string; message: string };
    return `${errcode} ${message}`;
  }
  return '';
}

const cases: [endpoint: Endpoint, body: JsonObject, refusal: string][] = [
  [endpoints.kick, { user_id: '@a:x', reason: 'why' }, ''],
  [endpoints.kick, {}, 'M_MISSING_PARAM The body lacks user_id.'],
  [endpoints.kick, { user_id: 1 }, 'M_BAD_JSON user_id must be of type string.'],
  [endpoints.kick, { user_id: null }, 'M_BAD_JSON user_id must be of type string.'],
  [endpoints.login, {}, 'M_BAD_JSON The body lacks type.'],
  [endpoints.createRoom, { room_version: 1 }, 'M_BAD_JSON room_version must be of type string.'],
  [endpoints.createRoom, { visibility: 'secret' }, 'M_INVALID_PARAM visibility must be one of public, private.'],
  [endpoints.createRoom, { invite: ['@a:x', 1] }, 'M_BAD_JSON invite[] must be of type string.'],
  [endpoints.createRoom, { initial_state: [{ type: 'm.x' }] }, 'M_BAD_JSON initial_state[] lacks content.'],
  [endpoints.createRoom, { unknown: 1, preset: 'public_chat' }, ''],
  [endpoints.sendToDevice, { messages: [] }, 'M_BAD_JSON messages must be of type object.'],
  [endpoints.sendToDevice, { messages: { '@a:x': 1 } }, 'M_BAD_JSON messages.* must be of type object.'],
  [
    endpoints.defineFilter,
    { room: { timeline: { limit: 1.5 } } },
    'M_BAD_JSON room.timeline.limit must be of type integer.',
  ],
];

test.each(cases)('a body and its refusal: %#', (endpoint, body, expected) => {
  expect(refusal(endpoint, body)).toBe(expected);
});

test('the body of an event is not walked', () => {
  expect(refusal(endpoints.sendMessage, { anything: [1] })).toBe('');
});

test('several types, nested objects and the rest of an object are checked', () => {
  const request: JsonSchema = {
    type: 'object',
    properties: { a: { type: ['string', 'null'] }, b: { type: 'object', required: ['c'], properties: {} } },
    additionalProperties: { type: 'integer' },
  };
  const endpoint = { ...endpoints.kick, request } as Endpoint;
  expect(refusal(endpoint, { a: null, b: { c: 1 }, z: 3 })).toBe('');
  expect(refusal(endpoint, { a: 1 })).toBe('M_BAD_JSON a must be of type string or null.');
  expect(refusal(endpoint, { b: {} })).toBe('M_BAD_JSON b lacks c.');
  expect(refusal(endpoint, { z: 'x' })).toBe('M_BAD_JSON .* must be of type integer.');
});
