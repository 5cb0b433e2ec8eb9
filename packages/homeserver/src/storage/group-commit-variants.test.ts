// Which statement of the door writes what: each table that it opens without a row costs all that is in the batch.
import { expect, it } from 'vitest';
import type { Commit, RoomPart } from './commit.ts';
import { BatchRows } from './group-commit-rows.ts';

const message = {
  eventNid: 1,
  eventId: '$1',
  at: 0,
  type: 'm.room.message',
  sender: '@a:x',
  keyNid: null,
  depth: 1,
  originServerTs: 1,
  line: 0,
  stateVersion: 0,
  outlier: false,
  rejected: false,
  softFailed: false,
  authChain: null,
  authChainSeq: null,
  transactionKey: null,
  trace: null,
  json: '{}',
  authEventIds: [],
};

function sent(more: Partial<RoomPart> = {}): Commit {
  const room = {
    roomNid: 1,
    builtOn: 1,
    stateVersion: 1,
    extremities: [1],
    depth: 1,
    joined: 1,
    invited: 0,
    nextLine: 1,
    events: [message],
    state: [],
    members: [],
    relations: [],
    redactions: [],
    ...more,
  };
  const transaction = { endpoint: 'sendMessage', roomNid: 1, txnId: 't', response: '{}', createdTs: 1 };
  return { room, clientTransactions: [{ userId: '@a:x', deviceId: 'D', ...transaction }], positions: 1 };
}

const relation = { eventNid: 1, relatesTo: '$0', relType: 'm.annotation', key: 'x' };
const name = { appserviceId: 'irc', remoteId: 'irc 1', eventId: '$1' };

it.each([
  ['a message', 'door.message', sent()],
  ['a reaction', 'door.related', sent({ relations: [relation] })],
  ['a message that its application service names', 'door.named', sent({ batchEvents: [name] })],
  ['a reaction that is named', 'door.named', sent({ batchEvents: [name], relations: [relation] })],
] as const)('%s is written by %s', (_what, statement, commit) => {
  const rows = new BatchRows();
  rows.addCommit(commit);
  expect(rows.variant().statement.name).toBe(statement);
});
