// What kind of thing a call does: narrowed tokens may be bound to kinds, and who acts as a person who let them may not touch that
// person's account.

import type { Endpoint } from '@pons/spec/endpoints';

/** Every kind. `account` is what nothing else is: sessions, devices, keys, passwords, the account itself. */
export const callKinds = ['read', 'send', 'membership', 'rooms', 'profile', 'media', 'settings', 'account'] as const;

/** One of them. */
export type CallKind = (typeof callKinds)[number];

// Asking for these is not reading either: addresses, sessions and where they are, keys.
const ofAccount = /\/(devices|pushers|room_keys|3pid|whois)(\/|$)/;

// The first that fits. POST that only asks is reading.
const rules: readonly (readonly [CallKind, RegExp])[] = [
  ['read', /\/(keys\/query|search|publicRooms|filter)$/],
  ['media', /^\/_matrix\/(media|client\/v1\/media)\//],
  ['profile', /\/profile\//],
  ['membership', /\/(join|invite|kick|ban|unban|leave|forget)$|\/(join|knock)\/\{\w+\}$/],
  ['settings', /\/user\/\{userId\}\/.*(account_data|tags)\/|\/pushrules\//],
  [
    'send',
    /\/rooms\/\{roomId\}\/(send|state|redact|typing|ephemeral|receipt|read_markers|report)|\/sendToDevice\/|\/presence\/|\/keys\/claim$/,
  ],
  ['rooms', /\/(createRoom|upgrade)$|\/directory\//],
];

/**
 * The kind of a call.
 *
 * @param path  its path parameters: a state event can be a membership
 */
export function kindOfCall({ method, path: template }: Endpoint, path: Readonly<Record<string, string>>): CallKind {
  if (ofAccount.test(template)) return 'account';
  if (method === 'GET') return 'read';
  const [kind = 'account'] = rules.find(([, pattern]) => pattern.test(template)) ?? [];
  return kind === 'send' && path['eventType'] === 'm.room.member' ? 'membership' : kind;
}
