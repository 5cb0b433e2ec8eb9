// The door of @pons/spec: the words of the specification as types and tables. It must stay loadable in a browser (the console), so what
// needs node:crypto has a door of its own, @pons/spec/crypto.

export * from './errors/errcodes.ts';
export * from './errors/matrix-error.ts';
export * from './events/client-event.ts';
export * from './events/content/room-canonical-alias.ts';
export * from './events/content/room-create.ts';
export * from './events/content/room-encryption.ts';
export * from './events/content/room-guest-access.ts';
export * from './events/content/room-history-visibility.ts';
export * from './events/content/room-join-rules.ts';
export * from './events/content/room-member.ts';
export * from './events/content/room-message.ts';
export * from './events/content/room-power-levels.ts';
export * from './events/content/room-redaction.ts';
export * from './events/content/room-server-acl.ts';
export * from './events/content/room-third-party-invite.ts';
export * from './events/content/room-tombstone.ts';
export * from './events/edu.ts';
export * from './events/pdu.ts';
export * from './events/redact.ts';
export * from './events/stripped-state.ts';
export * from './identifiers/device-id.ts';
export * from './identifiers/event-id.ts';
export * from './identifiers/id-length.ts';
export * from './identifiers/key-id.ts';
export * from './identifiers/mxc-uri.ts';
export * from './identifiers/room-alias.ts';
export * from './identifiers/room-id.ts';
export * from './identifiers/server-name.ts';
export * from './identifiers/user-id.ts';
export * from './json/canonical-json.ts';
export * from './json/gate.ts';
export * from './json/json-depth.ts';
export * from './json/json-value.ts';
export { readJson } from './json/read-json.ts';
export * from './room-versions/rules.ts';
export * from './room-versions/versions.ts';
