// A registration for tests: the bot, and the users that begin with `_x_`.

import { noPonsBlock, type Registration } from '@pons/registration';

/** A registration whose tokens are `as` and `hs`. */
export function testRegistration(): Registration {
  return {
    id: 'x',
    url: null,
    asToken: 'as',
    hsToken: 'hs',
    senderLocalpart: 'bot',
    namespaces: { users: [{ regex: '@_x_.*:example\\.org', exclusive: true }], aliases: [], rooms: [] },
    rateLimited: false,
    protocols: [],
    receiveEphemeral: true,
    pushEphemeral: false,
    deviceExtensions: false,
    deviceManagement: false,
    pons: noPonsBlock,
    unknown: {},
    unknownKeys: [],
  };
}
