// The door `@pons/bridge-irc/demo-network`: a small IRC network in this process, for the quick start and for tests.

export { type DemoNetwork, type DemoNetworkOptions, startDemoNetwork } from './start-demo-network.ts';
