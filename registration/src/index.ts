// The door of @pons/registration: what a registration.yaml is, for homeserver, SDK and the command.

export { compileAddresses, unixSocket } from './allowed-addresses.ts';
export { anchored, generateRegistration, prefixRegex, quoteRegex, type RegistrationDraft } from './generate.ts';
export { type Finding, type FindingCode, type FindingLevel, findingLevels } from './findings.ts';
export { lintRegistration } from './lint.ts';
export {
  type FileFinding,
  type FilePlace,
  formatFinding,
  lintFiles,
  type LintReport,
  type RegistrationText,
  serverNameIn,
} from './lint-files.ts';
export { lintTogether } from './lint-together.ts';
export { type Complaint, formatComplaint, type Loaded, type LoadOptions, loadRegistration } from './load.ts';
export {
  type CompiledNamespaces,
  compileEntries,
  compileNamespaces,
  compileRegex,
  type NamespaceMatcher,
  type NamespaceVerdict,
} from './namespaces.ts';
export type { NamespaceEntries, NamespaceEntry, Registration } from './registration.ts';
export { type Problem, type Validation, validateRegistration } from './validate.ts';
export { readYaml } from './read-yaml.ts';
export { yamlReason } from './yaml-reason.ts';
export { nearest } from './nearest.ts';
export { type LineOf, locateLines } from './locate-lines.ts';
export { type EventFilters, noPonsBlock, type PonsBlock, type TransactionLimits } from './pons-block.ts';
