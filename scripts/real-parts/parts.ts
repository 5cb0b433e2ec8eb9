// The parts by name, in the order in which --all tries them.

import { dummybridge } from './dummybridge.ts';
import { heisenbridgeHttp, heisenbridgeWebsocket } from './heisenbridge.ts';
import { matrixAppservice } from './matrix-appservice.ts';
import { mautrixIrcHttp, mautrixIrcWebsocket } from './mautrix-irc.ts';
import type { Part } from './part.ts';

export const parts: Readonly<Record<string, Part>> = {
  heisenbridge: heisenbridgeHttp,
  'heisenbridge-websocket': heisenbridgeWebsocket,
  'mautrix-irc-http': mautrixIrcHttp,
  'mautrix-irc-websocket': mautrixIrcWebsocket,
  'dummybridge-backfill': dummybridge,
  'matrix-appservice': matrixAppservice,
};
