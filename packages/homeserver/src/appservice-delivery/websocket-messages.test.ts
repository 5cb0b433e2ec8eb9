// Messages of an application service's websocket: what is frozen stays as it is, and nothing that comes can do harm.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainMessage, proxiedAnswer, proxyMessage, readMessage, transactionMessage } from './websocket-messages.ts';

describe('a message over an application service websocket', () => {
  it('carries the frozen bytes of a transaction as they are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (content, txnId) => {
        const body = Buffer.from(JSON.stringify({ events: [{ content }] }));
        const text = transactionMessage(7, String(txnId), body);
        expect(text.endsWith(body.toString('utf8').slice(1))).toBe(true);
        expect(JSON.parse(text)).toEqual({
          ...(JSON.parse(body.toString('utf8')) as object),
          command: 'transaction',
          id: 7,
          status: 'ok',
          txn_id: String(txnId),
        });
      }),
    );
    expect(transactionMessage(1, '2', Buffer.from('{}'))).toBe(
      '{"command":"transaction","id":1,"status":"ok","txn_id":"2"}',
    );
  });

  it('wraps a call by HTTP with its token, its query apart and its path as it was encoded', () => {
    const call = { method: 'GET', path: '/_matrix/app/v1/thirdparty/user?userid=%40a', token: 'hs' };
    expect(JSON.parse(proxyMessage(3, call))).toEqual({
      command: 'http_proxy',
      id: 3,
      status: 'ok',
      data: {
        method: 'GET',
        path: '/_matrix/app/v1/thirdparty/user',
        query: 'userid=%40a',
        headers: { Authorization: ['Bearer hs'] },
        escaped_path: true,
      },
    });
    const body = { transaction_id: 'a}"' };
    const posted = {
      method: 'POST',
      path: '/_matrix/app/v1/ping',
      token: 'hs',
      body: Buffer.from(JSON.stringify(body)),
    };
    expect(JSON.parse(proxyMessage(4, posted))).toMatchObject({
      data: { query: '', body, headers: { 'Content-Type': ['application/json'] } },
    });
  });

  it.each([
    ['{"command":"response","id":7,"data":{}}', { command: 'response', id: 7, data: {} }],
    ['{"command":"bridge_status","data":1}', { command: 'bridge_status', id: undefined, data: 1 }],
    ['{"command":"ping","id":0}', { command: 'ping', id: undefined, data: undefined }],
    ['{"command":"ping","id":"7"}', { command: 'ping', id: undefined, data: undefined }],
    ['{"id":7}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['{', undefined],
  ])('%s is read as it is', (text, expected) => {
    expect(readMessage(text)).toEqual(expected);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        proxiedAnswer(readMessage(text)?.data);
      }),
    );
  });

  it.each([
    [
      { status: 200, body: { a: 1 } },
      { status: 200, body: '{"a":1}' },
    ],
    [
      { status: 404, body: 'bm9wZQ' },
      { status: 404, body: 'nope' },
    ],
    [{ status: 204 }, { status: 204, body: '' }],
    [{ status: '200' }, undefined],
    [{ status: 99 }, undefined],
    [undefined, undefined],
  ])('answers a call with %j', (data, expected) => {
    const answer = proxiedAnswer(data);
    expect(answer === undefined ? undefined : { ...answer, body: answer.body.toString() }).toEqual(expected);
  });

  it('of ours has an id only where one was given', () => {
    expect(plainMessage('connect', undefined, {})).toBe('{"command":"connect","status":"ok","data":{}}');
    expect(plainMessage('response', 5, { timestamp: 1 })).toBe(
      '{"command":"response","id":5,"status":"ok","data":{"timestamp":1}}',
    );
    expect(plainMessage('error', 5, {})).toBe('{"command":"error","id":5,"data":{}}');
  });
});
