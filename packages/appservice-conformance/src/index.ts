// The door of @pons/appservice-conformance: the kit that measures a homeserver's application-service API, and the kit that measures an
// application service.

export {
  type CaseResult,
  conforms,
  countByLevel,
  formatReport,
  formatResult,
  formatSums,
  type Level,
  type Report,
  reportLine,
  SetUpFault,
} from './outcome.ts';
export { checkAsked } from './check-asked.ts';
export { type Row, rows } from './rows.ts';
export type { Chapter, HomeserverCase } from './homeserver/case.ts';
export {
  makeRegistration,
  readRegistrations,
  type Role,
  roleNames,
  writeRegistrations,
  type WriteOptions,
} from './homeserver/roles.ts';
export { type ConformanceOptions, homeserverCases, runConformance } from './homeserver/run-conformance.ts';
export { installAll, ponsInstaller } from './homeserver/pons-installer.ts';
export type { Installer } from './homeserver/world.ts';
export type { ServiceCase } from './service/cases.ts';
export { serviceCases } from './service/cases.ts';
export { type ServiceTestOptions, testService } from './service/run-service-test.ts';
