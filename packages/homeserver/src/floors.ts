// The floors of the house as data: scripts/tidy enforces them and checks the picture in ARCHITECTURE.md against them.
// A folder may import the floors below its own; never above, never its neighbours on the same floor.

/** From the top: what composes, then what only parses and shapes, down to pure decisions and plain tools. */
export const floors = [
  ['compose'],
  ['client-api', 'federation-api', 'admin-api'],
  ['http'],
  ['actions'],
  ['federation', 'appservice-delivery', 'push', 'sync'],
  ['rooms', 'accounts', 'appservices', 'e2ee', 'media', 'ephemeral'],
  ['stream'],
  ['storage'],
  ['rules', 'platform'],
] as const;

/** Tables that take a position or belong to such a change: only the door (storage/group-commit*.ts) writes them, storage/purge.ts deletes. */
export const doorTables = [
  'rooms',
  'position',
  'events',
  'event_json',
  'event_auth',
  'auth_chain_links',
  'early_redactions',
  'room_state',
  'state_lines',
  'room_members',
  'member_removals',
  'event_relations',
  'room_aliases',
  'batch_events',
  'batch_points',
  'client_transactions',
  'account_data',
  'receipts',
  'ephemeral_events',
  'to_device',
  'device_list_changes',
  'profile_changes',
  'device_keys',
  'cross_signing_keys',
  'key_signatures',
] as const;
