// The door of @pons/pons/embed: homeserver and bridges as a library, in one process; testBridge for those who test a bridge.
//
//   const pons = await startPons({ config: loadConfig({ file: 'homeserver.yaml' }).config, bridges: [({ url }) => …] });
//   await pons.stop();

export { type Config, configFrom, loadConfig, OperatorError } from '@pons/homeserver';
export type { HeardMessage, MatrixPerson } from './matrix-person.ts';
export {
  type HomeserverPlace,
  type Pons,
  type RunningBeside,
  startPons,
  type StartPonsOptions,
} from './start-pons.ts';
export { type BridgePlace, testBridge, type TestBridge, type TestBridgeOptions } from './test-bridge.ts';
