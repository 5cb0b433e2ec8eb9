// The authorisation rules as one table: each row is an event in a room, and says for every room version which rule rejects it, by that
// version's own numbering, or that it is allowed. Rows stand in the order of the specification's rules, both sides of each. What older
// versions number differently is told by `numbering`, read off their pages; what they decide differently, by the row's `until`.
// https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { makeSigningKey, signJson } from '@pons/spec/crypto';
import { describe, expect, test } from 'vitest';
import { authStateKeys } from './auth-events.ts';
import { authorise, type JudgedEvent, type StateEvent } from './authorise.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'] as const;
type Version = (typeof versions)[number];
type Columns = readonly [v10: string, v11: string, v12: string];

const creator = '@creator:s';
const admin = '@admin:s';
const mod = '@mod:s';
const user = '@user:s';
const other = '@other:t';
const banned = '@banned:t';
const invited = '@invited:t';
const knocking = '@knocking:t';
const gone = '@gone:t';
const stranger = '@stranger:t';

type State = Readonly<Record<string, { readonly sender?: string; readonly content: JsonObject } | undefined>>;

interface Case {
  readonly claim: string;
  readonly event: Partial<JudgedEvent> & { readonly type: string };
  /** Changes of the room's state, by `type|state key`; undefined takes away. */
  readonly state?: State;
  readonly signedBy?: string;
  readonly expect: Columns;
  /** What versions up to one decide instead, the oldest first; rules by their number in version 12, or after = by their own. */
  readonly until?: readonly (readonly [version: number, outcome: string])[];
}

// Numbers of the same rule in version 12, in 10 and 11, 8 and 9, 7, 6, and 1 to 5; - where they have no such rule.
const numbering = `
  2       2.4     2.4     2.4     2.4     2.4
  4       3       3       3       3       3
  5.1     4.1     4.1     4.1     4.1     5.1
  5.2.1   4.2.1   4.2.1   -       -       -
  5.3.2   4.3.2   4.3.2   4.2.2   4.2.2   5.2.2
  5.3.3   4.3.3   4.3.3   4.2.3   4.2.3   5.2.3
  5.3.5.2 4.3.5.2 4.3.5.2 -       -       -
  5.3.7   4.3.7   4.3.7   4.2.6   4.2.6   5.2.6
  5.4.1.1 4.4.1.1 4.4.1.1 4.3.1.1 4.3.1.1 5.3.1.1
  5.4.1.2 4.4.1.2 4.4.1.2 4.3.1.2 4.3.1.2 5.3.1.2
  5.4.1.3 4.4.1.3 4.4.1.3 4.3.1.3 4.3.1.3 5.3.1.3
  5.4.1.4 4.4.1.4 4.4.1.4 4.3.1.4 4.3.1.4 5.3.1.4
  5.4.1.5 4.4.1.5 4.4.1.5 4.3.1.5 4.3.1.5 5.3.1.5
  5.4.1.6 4.4.1.6 4.4.1.6 4.3.1.6 4.3.1.6 5.3.1.6
  5.4.1.8 4.4.1.8 4.4.1.8 4.3.1.8 4.3.1.8 5.3.1.8
  5.4.2   4.4.2   4.4.2   4.3.2   4.3.2   5.3.2
  5.4.3   4.4.3   4.4.3   4.3.3   4.3.3   5.3.3
  5.4.5   4.4.5   4.4.5   4.3.5   4.3.5   5.3.5
  5.5.1   4.5.1   4.5.1   4.4.1   4.4.1   5.4.1
  5.5.2   4.5.2   4.5.2   4.4.2   4.4.2   5.4.2
  5.5.3   4.5.3   4.5.3   4.4.3   4.4.3   5.4.3
  5.5.5   4.5.5   4.5.5   4.4.5   4.4.5   5.4.5
  5.6.1   4.6.1   4.6.1   4.5.1   4.5.1   5.5.1
  5.6.3   4.6.3   4.6.3   4.5.3   4.5.3   5.5.3
  5.7.1   4.7.1   4.7.1   4.6.1   -       -
  5.7.2   4.7.2   4.7.2   4.6.2   -       -
  5.7.4   4.7.4   4.7.4   4.6.4   -       -
  5.8     4.8     4.8     4.7     4.6     5.6
  6       5       5       5       5       6
  7.1     6.1     6.1     6.1     6.1     7.1
  8       7       7       7       7       8
  9       8       8       8       8       9
  10.1    9.1     -       -       -       -
  10.2    9.2     -       -       -       -
  10.3    9.3     9.1     9.1     9.1     10.1
  10.6.1  9.5.1   9.3.1   9.3.1   9.3.1   10.3.1
  10.6.2  9.5.2   9.3.2   9.3.2   9.3.2   10.3.2
  10.7.1  9.6.1   9.4.1   9.4.1   9.4.1   10.4.1
  10.8.1  9.7.1   9.5.1   9.5.1   9.5.1   10.5.1
  10.9.1  9.8.1   9.6.1   9.6.1   9.6.1   10.6.1
  10.10.1 9.9.1   9.7.1   9.7.1   9.7.1   10.7.1
`
  .trim()
  .split('\n')
  .map((row) => row.trim().split(/ +/));

/** What a row expects in a version. */
function expected({ expect: [v10, v11, v12], until = [] }: Case, version: Version): string {
  if (version === '12') return v12;
  if (version === '11') return v11;
  if (version === '10') return v10;
  const older = until.find(([last]) => Number(version) <= last)?.[1];
  if (older === undefined) return numbered(v10, 1, version);
  return older.startsWith('=') ? older.slice(1) : numbered(older, 0, version);
}

/** The number of a rule in an older version, looked up by that in another column. Rules about create events have one number. */
function numbered(outcome: string, column: number, version: Version): string {
  if (outcome === 'allowed' || outcome.startsWith('1.')) return outcome;
  const at = Number(version);
  return numbering.find((row) => row[column] === outcome)?.[at >= 8 ? 2 : at === 7 ? 3 : at === 6 ? 4 : 5] ?? '?';
}

const allowed: Columns = ['allowed', 'allowed', 'allowed'];
/** A rule that versions 10 and 11 number alike. */
const rule = (older: string, newest: string): Columns => [older, older, newest];

/** The room: creator 100 (infinite in version 12), admin 100, mod 50, user and other 0; invite-only. */
function roomState(version: string): State {
  const member = (membership: string, sender = creator) => ({ sender, content: { membership } });
  const users = { [admin]: 100, [mod]: 50 };
  return {
    'm.room.create|': { sender: creator, content: Number(version) <= 10 ? { creator } : { room_version: version } },
    'm.room.power_levels|': { content: { users: version === '12' ? users : { ...users, [creator]: 100 }, invite: 50 } },
    'm.room.join_rules|': { content: { join_rule: 'invite' } },
    [`m.room.member|${creator}`]: member('join'),
    [`m.room.member|${admin}`]: member('join'),
    [`m.room.member|${mod}`]: member('join'),
    [`m.room.member|${user}`]: member('join'),
    [`m.room.member|${other}`]: member('join'),
    [`m.room.member|${banned}`]: member('ban'),
    [`m.room.member|${invited}`]: member('invite'),
    [`m.room.member|${knocking}`]: member('knock'),
    [`m.room.member|${gone}`]: member('leave'),
  };
}

function rulesOf(version: string): RoomVersionRules {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  return rules;
}

function judge(version: string, { event, state, signedBy }: Case): string {
  const merged = { ...roomState(version), ...state };
  const rules = rulesOf(version);
  const base = { sender: user, content: {}, prev_events: ['$before'] };
  // What is asked for was announced: callers have read that and no more.
  const announced = new Set(authStateKeys({ ...base, ...event }, rules).map(([type, key]) => `${type}|${key}`));
  const lookup = (type: string, key: string): StateEvent | undefined => {
    if (!announced.has(`${type}|${key}`)) throw new Error(`${type} was not announced`);
    const found = merged[`${type}|${key}`];
    if (found === undefined) return undefined;
    return { eventId: type === 'm.room.create' ? '$create' : `$${type}`, event: { sender: creator, ...found } };
  };
  const room = version === '12' ? '!create' : '!room:s';
  const isCreate = event.type === 'm.room.create';
  const roomId = version === '12' && isCreate ? {} : { room_id: room };
  const verdict = authorise({
    event: { ...base, ...roomId, ...event },
    rules,
    state: lookup,
    isSignedBy: (server) => server === signedBy,
  });
  return verdict.outcome === 'allowed' ? 'allowed' : verdict.rule;
}

const member = (sender: string, target: string, membership: string, more: JsonObject = {}): Case['event'] => ({
  type: 'm.room.member',
  sender,
  state_key: target,
  content: { membership, ...more },
});
const joinRule = (join_rule: string): State => ({ 'm.room.join_rules|': { content: { join_rule } } });
const create = (more: Partial<JudgedEvent> = {}): Case['event'] => ({
  type: 'm.room.create',
  state_key: '',
  sender: creator,
  prev_events: [],
  content: { creator },
  ...more,
});
const levels = (content: JsonObject): State => ({ 'm.room.power_levels|': { content } });
const setLevels = (sender: string, content: JsonObject): Case['event'] => ({
  type: 'm.room.power_levels',
  state_key: '',
  sender,
  content,
});

const createRules: Case[] = [
  { claim: 'a create event begins a room', event: create(), expect: allowed },
  { claim: 'a create event has nothing before it', event: create({ prev_events: ['$x'] }), expect: rule('1.1', '1.1') },
  {
    claim: 'the room ID is of the creating server, or absent in version 12',
    event: create({ room_id: '!room:t' }),
    expect: rule('1.2', '1.2'),
  },
  {
    claim: 'a room ID of the creating server',
    event: create({ room_id: '!room:s' }),
    expect: ['allowed', 'allowed', '1.2'],
  },
  {
    claim: 'an unknown room version',
    event: create({ content: { creator, room_version: '0' } }),
    expect: rule('1.3', '1.3'),
  },
  {
    claim: 'a room version that is no string',
    event: create({ content: { creator, room_version: 12 } }),
    expect: rule('1.3', '1.3'),
  },
  { claim: 'a create event without creator', event: create({ content: {} }), expect: ['1.4', 'allowed', 'allowed'] },
  {
    claim: 'additional creators that are users',
    event: create({ content: { creator, additional_creators: [admin] } }),
    expect: allowed,
  },
  {
    claim: 'additional creators that are no list',
    event: create({ content: { creator, additional_creators: admin } }),
    expect: ['allowed', 'allowed', '1.4'],
  },
  {
    claim: 'additional creators that are no user IDs',
    event: create({ content: { creator, additional_creators: [admin, 'x'] } }),
    expect: ['allowed', 'allowed', '1.4'],
  },
];

const roomRules: Case[] = [
  {
    claim: 'a room without create event',
    event: { type: 'x' },
    state: { 'm.room.create|': undefined },
    expect: rule('2.4', '2'),
  },
  {
    claim: 'another room than the create event made',
    event: { type: 'x', room_id: '!other' },
    expect: ['allowed', 'allowed', '2'],
  },
  {
    claim: 'a user of another server in a room that does not federate',
    event: { type: 'x', sender: other },
    state: { 'm.room.create|': { content: { creator, 'm.federate': false } } },
    expect: rule('3', '4'),
  },
  {
    claim: 'a user of the same server in a room that does not federate',
    event: { type: 'x' },
    state: { 'm.room.create|': { content: { creator, 'm.federate': false } } },
    expect: allowed,
  },
];

const memberRules: Case[] = [
  {
    claim: 'a membership without state key',
    event: { type: 'm.room.member', content: { membership: 'join' } },
    expect: rule('4.1', '5.1'),
  },
  {
    claim: 'a member event without membership',
    event: { type: 'm.room.member', state_key: user },
    expect: rule('4.1', '5.1'),
  },
  { claim: 'an unknown membership', event: member(user, user, 'lurk'), expect: rule('4.8', '5.8') },
  {
    claim: 'a membership that is no string',
    event: { type: 'm.room.member', state_key: user, content: { membership: 1 } },
    expect: rule('4.8', '5.8'),
  },
];

const vouched = (authoriser: string) =>
  member(stranger, stranger, 'join', { join_authorised_via_users_server: authoriser });
const joinRules: Case[] = [
  {
    claim: 'the creator joins first',
    event: { ...member(creator, creator, 'join'), prev_events: ['$create'] },
    state: { [`m.room.member|${creator}`]: undefined },
    expect: allowed,
  },
  {
    claim: 'the creator joins later, without an invitation',
    event: { ...member(creator, creator, 'join'), prev_events: ['$create', '$x'] },
    state: { [`m.room.member|${creator}`]: undefined },
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'somebody else joins first',
    event: { ...member(stranger, stranger, 'join'), prev_events: ['$create'] },
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'the creator that content names, who is not the sender of the create event, joins first',
    event: { ...member(stranger, stranger, 'join'), prev_events: ['$create'] },
    state: { 'm.room.create|': { content: { creator: stranger } } },
    expect: ['allowed', '4.3.7', '5.3.7'],
  },
  { claim: 'nobody joins for somebody else', event: member(admin, invited, 'join'), expect: rule('4.3.2', '5.3.2') },
  {
    claim: 'a banned user joins a public room',
    event: member(banned, banned, 'join'),
    state: joinRule('public'),
    expect: rule('4.3.3', '5.3.3'),
  },
  { claim: 'an invited user joins', event: member(invited, invited, 'join'), expect: allowed },
  { claim: 'a member joins again', event: member(user, user, 'join', { displayname: 'U' }), expect: allowed },
  {
    claim: 'a stranger joins an invite-only room',
    event: member(stranger, stranger, 'join'),
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'a stranger joins a room without join rule',
    event: member(stranger, stranger, 'join'),
    state: { 'm.room.join_rules|': undefined },
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'an invited user joins a room for knocking',
    event: member(invited, invited, 'join'),
    state: joinRule('knock'),
    expect: allowed,
    until: [[6, '5.3.7']],
  },
  {
    claim: 'a knocking user lets himself in',
    event: member(knocking, knocking, 'join'),
    state: joinRule('knock'),
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'a stranger joins a public room',
    event: member(stranger, stranger, 'join'),
    state: joinRule('public'),
    expect: allowed,
  },
  {
    claim: 'a user who left joins a public room',
    event: member(gone, gone, 'join'),
    state: joinRule('public'),
    expect: allowed,
  },
  {
    claim: 'an invited user joins a private room',
    event: member(invited, invited, 'join'),
    state: joinRule('private'),
    expect: rule('4.3.7', '5.3.7'),
  },
  {
    claim: 'an invited user joins a restricted room',
    event: member(invited, invited, 'join'),
    state: joinRule('restricted'),
    expect: allowed,
    until: [[7, '5.3.7']],
  },
  {
    claim: 'a member joins a restricted room again',
    event: member(user, user, 'join'),
    state: joinRule('knock_restricted'),
    expect: allowed,
    until: [[9, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, vouched for by a member who may invite',
    event: vouched(mod),
    signedBy: 's',
    state: joinRule('restricted'),
    expect: allowed,
    until: [[7, '5.3.7']],
  },
  {
    claim: 'the same in a room that is also for knocking',
    event: vouched(mod),
    signedBy: 's',
    state: joinRule('knock_restricted'),
    expect: allowed,
    until: [[9, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, unsigned by the server that vouches',
    event: vouched(mod),
    signedBy: 't',
    state: joinRule('restricted'),
    expect: rule('4.2.1', '5.2.1'),
    until: [[7, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, vouched for by nothing that is a user',
    event: member(stranger, stranger, 'join', { join_authorised_via_users_server: 1 }),
    signedBy: 's',
    state: joinRule('restricted'),
    expect: rule('4.2.1', '5.2.1'),
    until: [[7, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, vouched for by a member who may not invite',
    event: vouched(user),
    signedBy: 's',
    state: joinRule('restricted'),
    expect: rule('4.3.5.2', '5.3.5.2'),
    until: [[7, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, vouched for by a powerful user who has left',
    event: vouched(admin),
    signedBy: 's',
    state: { ...joinRule('restricted'), [`m.room.member|${admin}`]: { content: { membership: 'leave' } } },
    expect: rule('4.3.5.2', '5.3.5.2'),
    until: [[7, '5.3.7']],
  },
  {
    claim: 'a stranger joins a restricted room, vouched for by nobody',
    event: member(stranger, stranger, 'join'),
    state: joinRule('restricted'),
    expect: rule('4.3.5.2', '5.3.5.2'),
    until: [[7, '5.3.7']],
  },
];

const identityKey = makeSigningKey('1', new Uint8Array(32).fill(3));
const wrongKey = makeSigningKey('1', new Uint8Array(32).fill(4));
if (identityKey === undefined || wrongKey === undefined) throw new Error('no keys');
const signed = (mxid = stranger, key = identityKey) =>
  signJson({ mxid, token: 'tok' }, 'id.example', key) as JsonObject;
const thirdParty = (third_party_invite: JsonObject | string, sender = user, target = stranger) =>
  member(sender, target, 'invite', { third_party_invite });
const withInvite = (content: JsonObject = { public_key: identityKey.publicKey }, sender = user): State => ({
  'm.room.third_party_invite|tok': { sender, content },
});

const inviteRules: Case[] = [
  {
    claim: 'a third-party invitation is taken up',
    event: thirdParty({ signed: signed() }),
    state: withInvite(),
    expect: allowed,
  },
  {
    claim: 'a third-party invitation signed by one of several keys is taken up',
    event: thirdParty({ signed: signed() }),
    state: withInvite({ public_key: wrongKey.publicKey, public_keys: [{ public_key: identityKey.publicKey }] }),
    expect: allowed,
  },
  {
    claim: 'a third-party invitation of a banned user',
    event: thirdParty({ signed: signed(banned) }, user, banned),
    state: withInvite(),
    expect: rule('4.4.1.1', '5.4.1.1'),
  },
  {
    claim: 'a third-party invitation without signed',
    event: thirdParty({}),
    state: withInvite(),
    expect: rule('4.4.1.2', '5.4.1.2'),
  },
  {
    claim: 'a third-party invitation that is no object',
    event: thirdParty('x'),
    state: withInvite(),
    expect: rule('4.4.1.2', '5.4.1.2'),
  },
  {
    claim: 'a third-party invitation without token',
    event: thirdParty({ signed: { mxid: stranger } }),
    state: withInvite(),
    expect: rule('4.4.1.3', '5.4.1.3'),
  },
  {
    claim: 'a third-party invitation without mxid',
    event: thirdParty({ signed: { token: 'tok' } }),
    state: withInvite(),
    expect: rule('4.4.1.3', '5.4.1.3'),
  },
  {
    claim: 'a third-party invitation for another user',
    event: thirdParty({ signed: signed(gone) }),
    state: withInvite(),
    expect: rule('4.4.1.4', '5.4.1.4'),
  },
  {
    claim: 'a third-party invitation that the room does not have',
    event: thirdParty({ signed: signed() }),
    expect: rule('4.4.1.5', '5.4.1.5'),
  },
  {
    claim: 'a third-party invitation taken up by another than its sender',
    event: thirdParty({ signed: signed() }),
    state: withInvite({ public_key: identityKey.publicKey }, admin),
    expect: rule('4.4.1.6', '5.4.1.6'),
  },
  {
    claim: 'a third-party invitation signed by another key',
    event: thirdParty({ signed: signed(stranger, wrongKey) }),
    state: withInvite(),
    expect: rule('4.4.1.8', '5.4.1.8'),
  },
  { claim: 'a stranger invites', event: member(stranger, gone, 'invite'), expect: rule('4.4.2', '5.4.2') },
  { claim: 'inviting a member', event: member(mod, user, 'invite'), expect: rule('4.4.3', '5.4.3') },
  { claim: 'inviting a banned user', event: member(mod, banned, 'invite'), expect: rule('4.4.3', '5.4.3') },
  { claim: 'inviting with the power to', event: member(mod, stranger, 'invite'), expect: allowed },
  { claim: 'inviting a knocking user', event: member(mod, knocking, 'invite'), expect: allowed },
  { claim: 'inviting without the power to', event: member(user, stranger, 'invite'), expect: rule('4.4.5', '5.4.5') },
  {
    claim: 'anybody invites where no level is set',
    event: member(user, stranger, 'invite'),
    state: levels({}),
    expect: allowed,
  },
];

const leaveRules: Case[] = [
  { claim: 'a member leaves', event: member(user, user, 'leave'), expect: allowed },
  { claim: 'an invited user refuses', event: member(invited, invited, 'leave'), expect: allowed },
  {
    claim: 'a knocking user withdraws',
    event: member(knocking, knocking, 'leave'),
    expect: allowed,
    until: [[6, '5.5.1']],
  },
  { claim: 'a banned user unbans himself', event: member(banned, banned, 'leave'), expect: rule('4.5.1', '5.5.1') },
  { claim: 'a stranger leaves', event: member(stranger, stranger, 'leave'), expect: rule('4.5.1', '5.5.1') },
  { claim: 'a user who left leaves again', event: member(gone, gone, 'leave'), expect: rule('4.5.1', '5.5.1') },
  { claim: 'a stranger kicks', event: member(stranger, user, 'leave'), expect: rule('4.5.2', '5.5.2') },
  {
    claim: 'unbanning below the ban level',
    event: member(mod, banned, 'leave'),
    state: levels({ users: { [mod]: 50 }, ban: 60 }),
    expect: rule('4.5.3', '5.5.3'),
  },
  { claim: 'unbanning with ban and kick level', event: member(mod, banned, 'leave'), expect: allowed },
  {
    claim: 'unbanning with the ban level but below the kick level',
    event: member(mod, banned, 'leave'),
    state: levels({ users: { [mod]: 50 }, kick: 60 }),
    expect: rule('4.5.5', '5.5.5'),
  },
  { claim: 'kicking a lesser user', event: member(mod, user, 'leave'), expect: allowed },
  { claim: 'withdrawing an invitation', event: member(mod, invited, 'leave'), expect: allowed },
  {
    claim: 'kicking an equal',
    event: member(mod, mod.replace('mod', 'equal'), 'leave'),
    state: levels({ users: { [mod]: 50, '@equal:s': 50 } }),
    expect: rule('4.5.5', '5.5.5'),
  },
  { claim: 'kicking without the power to', event: member(user, other, 'leave'), expect: rule('4.5.5', '5.5.5') },
  {
    claim: 'an admin kicks the creator',
    event: member(admin, creator, 'leave'),
    state: levels({ users: { [admin]: 101, [creator]: 100 } }),
    expect: ['allowed', 'allowed', '5.5.5'],
  },
  {
    claim: 'a creator kicks another creator',
    event: member(creator, admin, 'leave'),
    state: {
      'm.room.create|': { content: { creator, additional_creators: [admin] } },
      ...levels({ users: { [creator]: 100 } }),
    },
    expect: ['allowed', 'allowed', '5.5.5'],
  },
];

const banRules: Case[] = [
  { claim: 'a stranger bans', event: member(stranger, user, 'ban'), expect: rule('4.6.1', '5.6.1') },
  { claim: 'banning a lesser user', event: member(mod, user, 'ban'), expect: allowed },
  { claim: 'banning a stranger', event: member(mod, stranger, 'ban'), expect: allowed },
  {
    claim: 'banning an equal',
    event: member(admin, '@equal:s', 'ban'),
    state: levels({ users: { [admin]: 100, '@equal:s': 100 } }),
    expect: rule('4.6.3', '5.6.3'),
  },
  { claim: 'banning oneself', event: member(admin, admin, 'ban'), expect: rule('4.6.3', '5.6.3') },
  {
    claim: 'banning below the ban level',
    event: member(mod, user, 'ban'),
    state: levels({ users: { [mod]: 50 }, ban: 60 }),
    expect: rule('4.6.3', '5.6.3'),
  },
  {
    claim: 'the creator bans the highest user there can be',
    event: member(creator, admin, 'ban'),
    state: levels({ users: { [admin]: Number.MAX_SAFE_INTEGER } }),
    expect: ['4.6.3', '4.6.3', 'allowed'],
  },
];

const knockRules: Case[] = [
  {
    claim: 'knocking at an invite-only room',
    event: member(stranger, stranger, 'knock'),
    expect: rule('4.7.1', '5.7.1'),
    until: [[6, '5.8']],
  },
  {
    claim: 'knocking at a restricted room',
    event: member(stranger, stranger, 'knock'),
    state: joinRule('restricted'),
    expect: rule('4.7.1', '5.7.1'),
    until: [[6, '5.8']],
  },
  {
    claim: 'knocking at a room that takes knocks',
    event: member(stranger, stranger, 'knock'),
    state: joinRule('knock'),
    expect: allowed,
    until: [[6, '5.8']],
  },
  {
    claim: 'knocking at a restricted room that takes knocks',
    event: member(stranger, stranger, 'knock'),
    state: joinRule('knock_restricted'),
    expect: allowed,
    until: [
      [6, '5.8'],
      [9, '5.7.1'],
    ],
  },
  {
    claim: 'knocking again',
    event: member(knocking, knocking, 'knock'),
    state: joinRule('knock'),
    expect: allowed,
    until: [[6, '5.8']],
  },
  {
    claim: 'knocking for somebody else',
    event: member(user, stranger, 'knock'),
    state: joinRule('knock'),
    expect: rule('4.7.2', '5.7.2'),
    until: [[6, '5.8']],
  },
  {
    claim: 'a banned user knocks',
    event: member(banned, banned, 'knock'),
    state: joinRule('knock'),
    expect: rule('4.7.4', '5.7.4'),
    until: [[6, '5.8']],
  },
  {
    claim: 'an invited user knocks',
    event: member(invited, invited, 'knock'),
    state: joinRule('knock'),
    expect: rule('4.7.4', '5.7.4'),
    until: [[6, '5.8']],
  },
  {
    claim: 'a member knocks',
    event: member(user, user, 'knock'),
    state: joinRule('knock'),
    expect: rule('4.7.4', '5.7.4'),
    until: [[6, '5.8']],
  },
];

const sendRules: Case[] = [
  { claim: 'a stranger sends', event: { type: 'x', sender: stranger }, expect: rule('5', '6') },
  { claim: 'an invited user sends', event: { type: 'x', sender: invited }, expect: rule('5', '6') },
  { claim: 'a member sends', event: { type: 'x' }, expect: allowed },
  {
    claim: 'a third-party invitation with the power to invite',
    event: { type: 'm.room.third_party_invite', state_key: 't', sender: mod },
    expect: allowed,
  },
  {
    claim: 'a third-party invitation without the power to invite',
    event: { type: 'm.room.third_party_invite', state_key: 't' },
    expect: rule('6.1', '7.1'),
  },
  {
    claim: 'a third-party invitation with the power to invite but not to send state',
    event: { type: 'm.room.third_party_invite', state_key: 't' },
    state: levels({ invite: 0, state_default: 100 }),
    expect: allowed,
  },
  { claim: 'state without the power to', event: { type: 'x', state_key: '' }, expect: rule('7', '8') },
  { claim: 'state with exactly the power to', event: { type: 'x', state_key: '', sender: mod }, expect: allowed },
  {
    claim: 'a message above events_default',
    event: { type: 'x' },
    state: levels({ events_default: 1 }),
    expect: rule('7', '8'),
  },
  {
    claim: 'a message whose own level is higher',
    event: { type: 'x' },
    state: levels({ events: { x: 1 } }),
    expect: rule('7', '8'),
  },
  {
    claim: 'a message whose own level is lower',
    event: { type: 'x' },
    state: levels({ events: { x: 0 }, events_default: 10 }),
    expect: allowed,
  },
  {
    claim: 'a type named like a property of every object',
    event: { type: 'constructor' },
    state: levels({ events: {} }),
    expect: allowed,
  },
  {
    claim: 'state where no levels are set',
    event: { type: 'x', state_key: '' },
    state: { 'm.room.power_levels|': undefined },
    expect: rule('7', '8'),
  },
  {
    claim: 'state from the creator where no levels are set',
    event: { type: 'x', state_key: '', sender: creator },
    state: { 'm.room.power_levels|': undefined },
    expect: allowed,
  },
  {
    claim: 'a redaction, whatever the redact level',
    event: { type: 'm.room.redaction', content: { redacts: '$x' } },
    state: levels({ redact: 100 }),
    expect: allowed,
    until: [[2, '=11.3']],
  },
  {
    claim: 'a redaction above its own level',
    event: { type: 'm.room.redaction' },
    state: levels({ events: { 'm.room.redaction': 1 } }),
    expect: rule('7', '8'),
  },
  {
    claim: "state under another user's ID",
    event: { type: 'x', state_key: user, sender: admin },
    expect: rule('8', '9'),
  },
  { claim: "state under the sender's own ID", event: { type: 'x', state_key: admin, sender: admin }, expect: allowed },
  {
    claim: 'state under something that only resembles a user ID',
    event: { type: 'x', state_key: '@', sender: admin },
    expect: rule('8', '9'),
  },
];

const high = Number.MAX_SAFE_INTEGER;
const now = {
  users: { [admin]: 100, [mod]: 50, [other]: 20 },
  events: { x: 60, y: 40 },
  notifications: { room: 60, z: 10 },
  kick: 50,
  redact: 60,
  state_default: 0,
};
const change = (more: JsonObject): JsonObject => ({ ...now, ...more });
const asMod = (claim: string, more: JsonObject, columns: Columns, without: readonly string[] = []): Case => ({
  claim,
  event: setLevels(mod, Object.fromEntries(Object.entries(change(more)).filter(([key]) => !without.includes(key)))),
  state: levels(now),
  expect: columns,
});
/** Notification levels are free for all up to version 5. */
const sinceVersion6 = (each: Case): Case => ({ ...each, until: [[5, 'allowed']] });

const powerLevelRules: Case[] = [
  asMod('nothing changes', {}, allowed),
  ...['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'].flatMap((key): Case[] => [
    {
      claim: `${key} is a string`,
      event: setLevels(admin, { [key]: '50' }),
      expect: rule('9.1', '10.1'),
      until: [[9, '10.9.1']],
    },
    {
      claim: `${key} is a fraction`,
      event: setLevels(admin, { [key]: 0.5 }),
      expect: rule('9.1', '10.1'),
      until: [[9, '10.9.1']],
    },
    {
      claim: `${key} is null`,
      event: setLevels(admin, { [key]: null }),
      expect: rule('9.1', '10.1'),
      until: [[9, '10.9.1']],
    },
  ]),
  ...['events', 'notifications'].flatMap((key): Case[] => [
    {
      claim: `${key} is a list`,
      event: setLevels(admin, { [key]: [] }),
      expect: rule('9.2', '10.2'),
      until: [[9, '10.9.1']],
    },
    {
      claim: `${key} holds a string`,
      event: setLevels(admin, { [key]: { a: '1' } }),
      expect: rule('9.2', '10.2'),
      until: [[9, '10.9.1']],
    },
  ]),
  { claim: 'users is a list', event: setLevels(admin, { users: [] }), expect: rule('9.3', '10.3') },
  { claim: 'users holds no user ID', event: setLevels(admin, { users: { x: 1 } }), expect: rule('9.3', '10.3') },
  {
    claim: 'users holds a string',
    event: setLevels(admin, { users: { [user]: '1' } }),
    expect: rule('9.3', '10.3'),
    until: [[9, '10.9.1']],
  },
  {
    claim: 'users holds the creator',
    event: setLevels(admin, { users: { [admin]: 100, [creator]: 100 } }),
    expect: ['allowed', 'allowed', '10.4'],
  },
  {
    claim: 'users holds an additional creator',
    event: setLevels(creator, { users: { [creator]: 100, [admin]: 100 } }),
    state: { 'm.room.create|': { content: { creator, additional_creators: [admin] } } },
    expect: ['allowed', 'allowed', '10.4'],
  },
  {
    claim: 'the first levels of a room may be anything',
    event: setLevels(creator, { users: { [admin]: high }, events: { x: high } }),
    state: { 'm.room.power_levels|': undefined },
    expect: allowed,
  },
  asMod('changing a level above one’s own', { redact: 50 }, rule('9.5.1', '10.6.1')),
  asMod('removing a level above one’s own', {}, rule('9.5.1', '10.6.1'), ['redact']),
  asMod('raising a level above one’s own', { kick: 51 }, rule('9.5.2', '10.6.2')),
  asMod('adding a level above one’s own', { ban: 51 }, rule('9.5.2', '10.6.2')),
  asMod('raising a level to one’s own', { kick: 0, ban: 50 }, allowed),
  asMod('removing a level not above one’s own', {}, allowed, ['kick']),
  asMod('changing the level of a type above one’s own', { events: { x: 50, y: 40 } }, rule('9.6.1', '10.7.1')),
  asMod('removing the level of a type above one’s own', { events: { y: 40 } }, rule('9.6.1', '10.7.1')),
  sinceVersion6(
    asMod(
      'changing a notification level above one’s own',
      { notifications: { room: 50, z: 10 } },
      rule('9.6.1', '10.7.1'),
    ),
  ),
  asMod('raising the level of a type above one’s own', { events: { x: 60, y: 51 } }, rule('9.7.1', '10.8.1')),
  sinceVersion6(
    asMod(
      'adding a notification level above one’s own',
      { notifications: { ...now.notifications, k: 51 } },
      rule('9.7.1', '10.8.1'),
    ),
  ),
  asMod('changing the levels of types within one’s own', { events: { x: 60, new: 50 } }, allowed),
  asMod('demoting a superior', { users: { ...now.users, [admin]: 50 } }, rule('9.8.1', '10.9.1')),
  asMod('removing a superior', { users: { [mod]: 50, [other]: 20 } }, rule('9.8.1', '10.9.1')),
  {
    claim: 'demoting an equal',
    event: setLevels(mod, { users: { [mod]: 50 } }),
    state: levels({ users: { [mod]: 50, [other]: 50 } }),
    expect: rule('9.8.1', '10.9.1'),
  },
  asMod('demoting oneself', { users: { ...now.users, [mod]: 10 } }, allowed),
  asMod('raising oneself', { users: { ...now.users, [mod]: 51 } }, rule('9.9.1', '10.10.1')),
  asMod('raising another above oneself', { users: { ...now.users, [other]: 51 } }, rule('9.9.1', '10.10.1')),
  asMod('raising another to one’s own level', { users: { ...now.users, [other]: 50, [user]: 50 } }, allowed),
  asMod('removing a lesser user', { users: { [admin]: 100, [mod]: 50 } }, allowed),
  {
    claim: 'the creator does as they like',
    event: setLevels(creator, { users: { [other]: high }, ban: high, events: { x: high } }),
    state: levels({ users: { [admin]: high, [creator]: high - 1 }, ban: high }),
    expect: ['9.7.1', '9.7.1', 'allowed'],
  },
];

/** Rules that only older versions have; from the next on the event is judged like any other. */
const aliases = (sender: string, state_key?: string): Case['event'] => ({
  type: 'm.room.aliases',
  sender,
  ...(state_key === undefined ? {} : { state_key }),
  content: { aliases: ['#a:s'] },
});
const redaction = (more: Partial<JudgedEvent>): Case['event'] => ({
  type: 'm.room.redaction',
  event_id: '$r:s',
  redacts: '$x:t',
  ...more,
});
const olderRules: Case[] = [
  { claim: 'aliases without state key', event: aliases(user), expect: allowed, until: [[5, '=4.1']] },
  { claim: 'aliases of another server', event: aliases(admin, 't'), expect: allowed, until: [[5, '=4.2']] },
  {
    claim: 'aliases from a member without the power to send state',
    event: aliases(user, 's'),
    expect: rule('7', '8'),
    until: [[5, 'allowed']],
  },
  {
    claim: 'aliases from a server that is not in the room',
    event: aliases('@x:elsewhere', 'elsewhere'),
    expect: rule('5', '6'),
    until: [[5, 'allowed']],
  },
  {
    claim: 'a redaction of an event that another server named',
    event: redaction({}),
    expect: allowed,
    until: [[2, '=11.3']],
  },
  { claim: 'the same from somebody with the redact level', event: redaction({ sender: mod }), expect: allowed },
  {
    claim: 'a redaction of an event that the same server named',
    event: redaction({ redacts: '$x:s' }),
    expect: allowed,
  },
  {
    claim: 'a redaction of nothing',
    event: { type: 'm.room.redaction', event_id: '$r:s' },
    expect: allowed,
    until: [[2, '=11.3']],
  },
  {
    claim: 'a redaction of an event without a server',
    event: redaction({ redacts: '$x', event_id: '$r' }),
    expect: allowed,
    until: [[2, '=11.3']],
  },
];

/** Levels as strings and fractions: what the mod sets, and what becomes of the levels that are there. */
const withCreator = (users: JsonObject): JsonObject => ({ [creator]: 100, ...users });
const olderLevelRules: Case[] = [
  {
    claim: 'a level as a string counts as that number',
    event: { type: 'x', state_key: '', sender: mod },
    state: levels({ users: { [mod]: ' +0050 ' }, state_default: '51' }),
    expect: rule('7', '8'),
  },
  {
    claim: 'a string that is enough',
    event: { type: 'x', state_key: '', sender: mod },
    state: levels({ users: { [mod]: '050' }, state_default: ' 50' }),
    expect: rule('7', '8'),
    until: [[9, 'allowed']],
  },
  {
    claim: 'a fraction is cut off',
    event: { type: 'x', state_key: '', sender: mod },
    state: levels({ users: { [mod]: 50.99 }, state_default: 51 }),
    expect: rule('7', '8'),
  },
  {
    claim: 'a fraction that is enough',
    event: { type: 'x', state_key: '', sender: mod },
    state: levels({ users: { [mod]: 50.01 }, state_default: 50 }),
    expect: rule('7', '8'),
    until: [[5, 'allowed']],
  },
  {
    claim: 'users hold strings that are numbers',
    event: setLevels(creator, { users: withCreator({ [user]: '10' }) }),
    state: levels({ users: withCreator({}) }),
    expect: ['9.3', '9.3', '10.3'],
    until: [[9, 'allowed']],
  },
  ...['', 'ten', '1.0', '1e2', '--1', '9'.repeat(400)].map((text) => ({
    claim: `users hold the string '${text.slice(0, 9)}'`,
    event: setLevels(creator, { users: { [user]: text } }),
    state: levels({ users: withCreator({}) }),
    expect: rule('9.3', '10.3'),
  })),
  {
    claim: 'users hold a fraction',
    event: setLevels(creator, { users: withCreator({ [user]: 50.57 }) }),
    state: levels({ users: withCreator({}) }),
    expect: ['9.3', '9.3', '10.3'],
    until: [
      [5, 'allowed'],
      [9, '10.3'],
    ],
  },
  {
    claim: 'a string in the place of the same number is no change',
    event: setLevels(mod, { ...now, redact: '60', users: { ...now.users, [admin]: '100' } }),
    state: levels(now),
    expect: rule('9.1', '10.1'),
    until: [[9, 'allowed']],
  },
];

describe.each([
  ['m.room.create', createRules],
  ['the room', roomRules],
  ['m.room.member', memberRules],
  ['joining', joinRules],
  ['inviting', inviteRules],
  ['leaving, kicking and unbanning', leaveRules],
  ['banning', banRules],
  ['knocking', knockRules],
  ['sending', sendRules],
  ['m.room.power_levels', powerLevelRules],
  ['what only older versions judge by itself', olderRules],
  ['levels as older versions write them', olderLevelRules],
])('the rules about %s', (_name, cases) => {
  test.each(cases)('$claim: $expect', (each) => {
    expect(versions.map((version) => judge(version, each))).toEqual(versions.map((version) => expected(each, version)));
  });
});
