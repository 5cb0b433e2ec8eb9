// The door of @pons/bridge-irc: the bridge itself, the network for the kit, and the IRC client that it is built on.

export { type IrcBridgeConfig, type IrcConfig, readIrcBridgeConfig } from './config.ts';
export { ConfigMistakes } from './config-fields.ts';
export { ircNetwork, type IrcParts } from './connector.ts';
export { type Clock, systemClock, systemRandom } from './platform/clock.ts';
export { type ConnectionEvent, type ConnectionOptions, IrcConnection } from './protocol/connection.ts';
export type { Delivery } from './protocol/deliveries.ts';
export { LineRefused, type OutLine } from './protocol/format-line.ts';
export type { ServerAddress, TlsOptions } from './protocol/open-socket.ts';
export type { IrcLine } from './protocol/parse-line.ts';
export { type IrcBridge, startIrcBridge, type StartOptions } from './start-irc-bridge.ts';
