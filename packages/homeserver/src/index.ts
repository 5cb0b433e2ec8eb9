// The door of @pons/homeserver: put a homeserver together from a configuration, listen, stop.

export { checkRegistrations } from './appservices/check-registrations.ts';
export { createHomeserver, type Homeserver, type HomeserverOptions } from './compose.ts';
export { assertStartable } from './compose/assert-startable.ts';
export { type Carried, type DatabaseTools, databaseTools } from './compose/database-tools.ts';
export { newSigningKey } from './compose/own-key.ts';
export { registrationPlaces } from './compose/registration-places.ts';
export type { ListenerInfo } from './http/listener.ts';
export type { Upgrade } from './http/server.ts';
export { type Clock, systemClock } from './platform/clock.ts';
export { exampleConfig } from './platform/config/example.ts';
export { type ConfigSource, configFrom, type LoadedConfig, loadConfig } from './platform/config/load.ts';
export type { Config } from './platform/config/schema.ts';
export { type ClonedDatabases, clonedDatabases } from './storage/cloned-databases.ts';
export { OperatorError } from './platform/operator-error.ts';
export { type Log, silentLog } from './platform/telemetry/log.ts';
