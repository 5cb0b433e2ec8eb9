// The door `@pons/spec/endpoints`: every endpoint by operation, and what a descriptor is.

export type * from './endpoint.ts';
export { appserviceEndpoints } from './generated/application-service.ts';
export { endpoints } from './generated/client-server.ts';
export { pushGatewayEndpoints } from './generated/push-gateway.ts';
export { federationEndpoints } from './generated/server-server.ts';
export { beeperEndpoints } from './unstable/beeper.ts';
export { ghostEndpoints } from './unstable/pons-ghosts.ts';
export { ponsEndpoints } from './unstable/pons.ts';
export { synapseEndpoints } from './unstable/synapse.ts';
