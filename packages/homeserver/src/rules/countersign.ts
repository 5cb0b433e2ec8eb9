// Whether we add our signature to an event that another server has made: an invitation of a user of ours, and a restricted join for which
// a user of ours vouches. Hash and the other server's signature are checked apart; here it is whether the event is what it was handed
// over as, so that nobody gets our signature under anything else.
// https://spec.matrix.org/v1.19/server-server-api/#inviting-to-a-room, https://spec.matrix.org/v1.19/server-server-api/#restricted-rooms

import { type Pdu, type RoomVersionRules, serverNameOf } from '@pons/spec';

/** What an event was handed over as. */
export interface HandedOver {
  readonly as: 'invite' | 'join';
  readonly roomId: string;
  /** The server whose request it came with. */
  readonly origin: string;
  readonly serverName: string;
  readonly rules: RoomVersionRules;
}

/** We sign, or the field that forbids it. */
export type CountersignVerdict = { readonly outcome: 'sign' } | { readonly outcome: 'differs'; readonly field: string };

/** Judges an event that we are to sign as well. */
export function mayCountersign(pdu: Pdu, { as, roomId, origin, serverName, rules }: HandedOver): CountersignVerdict {
  const authoriser = pdu.content['join_authorised_via_users_server'];
  const isOurs = (id: unknown) => typeof id === 'string' && serverNameOf(id) === serverName;
  const checks: readonly (readonly [field: string, isGood: boolean])[] = [
    ['type', pdu.type === 'm.room.member'],
    ['room_id', pdu.room_id === roomId],
    ['content.membership', pdu.content['membership'] === as],
    ['sender', serverNameOf(pdu.sender) === origin],
    ['state_key', as === 'invite' ? isOurs(pdu.state_key) : pdu.state_key === pdu.sender],
    [
      'content.join_authorised_via_users_server',
      as === 'join' ? rules.allowsRestrictedJoins && isOurs(authoriser) : authoriser === undefined,
    ],
  ];
  const wrong = checks.find(([, isGood]) => !isGood);
  return wrong === undefined ? { outcome: 'sign' } : { outcome: 'differs', field: wrong[0] };
}
