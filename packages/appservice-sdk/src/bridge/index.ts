// The door of the bridge kit, `@pons/appservice-sdk/bridge`: what every bridge needs, once.
// A network is written with defineNetwork and run with runBridge; Matrix never appears in between.

export { defineNetwork, plain, sameChat, text } from './define-network.ts';
export type * from './network.ts';
export type { BridgeConfig, BridgeOptions, PortalMapping, RunningBridge } from './options.ts';
export { OperatorError } from '../operator-error.ts';
export { runBridge } from './run-bridge.ts';
