// `pons:`, the block of a registration with what only Pons knows: other homeservers skip it, so one file serves everywhere.
// A new key is read here and named in the interface, in registration.schema.json and in README.md (a test compares the three).

import { allowedAddressesMax, isAddressEntry } from './allowed-addresses.ts';
import { compileRegex } from './namespaces.ts';
import { type Complain, flag, integer, isFields, kindOf, text, texts, unknownKeys } from './read-fields.ts';

/** What the application service is not sent, of what its namespaces would bring it. */
export interface EventFilters {
  /** Whether events that its own users sent come back to it. */
  readonly ownEvents: boolean;
  /** Only these types; `*` stands for any text. Empty: all. */
  readonly types: readonly string[];
  /** None of these types; `*` stands for any text. */
  readonly notTypes: readonly string[];
  /** Only these rooms, by id. Empty: all. */
  readonly rooms: readonly string[];
  readonly notRooms: readonly string[];
  /** An event that is older when its turn comes is not sent. */
  readonly maxAgeMs: number | undefined;
}

/** How large one transaction may become; smaller than the server's own bounds. */
export interface TransactionLimits {
  readonly events: number | undefined;
  readonly bytes: number | undefined;
}

/** The block, with defaults for what is absent. */
export interface PonsBlock {
  readonly filters: EventFilters;
  readonly limits: TransactionLimits;
  /** Whether it may act as local users who agreed to it: as any, or only those whose id matches (from its start on, as namespaces do). */
  readonly doublePuppet: boolean | { readonly users: string };
  /** Whether the hs_token goes into the query too, as before v1.4 of the specification: for application services that look nowhere else. */
  readonly queryToken: boolean;
  /** Whether its sender may read the rooms that its users are in (MSC3547). */
  readonly botReadsAll: boolean;
  /** Whether key claims and key queries for its users are put to it (MSC3983, MSC3984). */
  readonly proxyKeys: boolean;
  /** Whether it may delete the rooms that its own users made, with all that is in them (`com.beeper.room_yeeting`). */
  readonly deleteRooms: boolean;
  /** From where its as_token is good (allowed-addresses.ts); undefined: from anywhere. */
  readonly allowedAddresses: readonly string[] | undefined;
}

/** The block of a registration without one. */
export const noPonsBlock: PonsBlock = {
  filters: { ownEvents: true, types: [], notTypes: [], rooms: [], notRooms: [], maxAgeMs: undefined },
  limits: { events: undefined, bytes: undefined },
  doublePuppet: false,
  queryToken: false,
  botReadsAll: false,
  proxyKeys: false,
  deleteRooms: false,
  allowedAddresses: undefined,
};

/** Every key, by section ('' is the block itself): for misspelt ones and for the documents. */
export const ponsKeys = {
  '': [
    'filters',
    'limits',
    'double_puppet',
    'query_token',
    'bot_reads_all',
    'proxy_keys',
    'delete_rooms',
    'allowed_addresses',
  ],
  filters: ['own_events', 'types', 'not_types', 'rooms', 'not_rooms', 'max_age_ms'],
  limits: ['events', 'bytes'],
} as const;

/** Bounds of `limits` and of `filters.max_age_ms`. One event of 64 KiB must always fit. */
const events = { min: 1, max: 100 };
const bytes = { min: 131_072, max: 16_777_216 };
const ageMs = { min: 1_000, max: 31_536_000_000 };

/** The block as it stands in a file. */
export function readPonsBlock(value: unknown, complain: Complain): PonsBlock {
  const block = section(value, 'pons', complain);
  const filters = section(block['filters'], 'pons.filters', complain);
  const limits = section(block['limits'], 'pons.limits', complain);
  const textsOf = (key: string) => texts(filters[key], `pons.filters.${key}`, complain);
  return {
    filters: {
      ownEvents: flag(filters['own_events'], 'pons.filters.own_events', true, complain),
      types: textsOf('types'),
      notTypes: textsOf('not_types'),
      rooms: textsOf('rooms'),
      notRooms: textsOf('not_rooms'),
      maxAgeMs: integer(filters['max_age_ms'], 'pons.filters.max_age_ms', ageMs, complain),
    },
    limits: {
      events: integer(limits['events'], 'pons.limits.events', events, complain),
      bytes: integer(limits['bytes'], 'pons.limits.bytes', bytes, complain),
    },
    doublePuppet: doublePuppetOf(block['double_puppet'], complain),
    queryToken: flag(block['query_token'], 'pons.query_token', false, complain),
    botReadsAll: flag(block['bot_reads_all'], 'pons.bot_reads_all', false, complain),
    proxyKeys: flag(block['proxy_keys'], 'pons.proxy_keys', false, complain),
    deleteRooms: flag(block['delete_rooms'], 'pons.delete_rooms', false, complain),
    allowedAddresses: allowedAddressesOf(block['allowed_addresses'], complain),
  };
}

// An empty list could be read both ways, and one of them opens what somebody wanted closed.
function allowedAddressesOf(value: unknown, complain: Complain): PonsBlock['allowedAddresses'] {
  if (value === undefined || value === null) return undefined;
  const path = 'pons.allowed_addresses';
  const entries = texts(value, path, complain);
  if (Array.isArray(value) && value.length === 0) complain(path, 'must name an address; leave it out to allow all');
  if (entries.length > allowedAddressesMax) complain(path, `must have at most ${allowedAddressesMax} entries`);
  entries.forEach((entry, index) => {
    if (entry !== '' && !isAddressEntry(entry))
      complain(
        `${path}[${index}]`,
        `${JSON.stringify(entry.slice(0, 100))} is no address (192.0.2.7, 2001:db8::7), no range of addresses (10.1.0.0/16) and not unix`,
      );
  });
  return entries;
}

function doublePuppetOf(value: unknown, complain: Complain): PonsBlock['doublePuppet'] {
  if (!isFields(value)) return flag(value, 'pons.double_puppet', false, complain);
  const users = text(value['users'], 'pons.double_puppet.users', complain);
  try {
    compileRegex(users);
  } catch (error) {
    // re2js explains in its message.
    complain('pons.double_puppet.users', `is no regular expression that can run: ${(error as Error).message}`);
  }
  return { users };
}

/** Paths of keys in the block that nobody knows. */
export function unknownPonsKeys(value: unknown): string[] {
  if (!isFields(value)) return [];
  return [
    ...unknownKeys(value, ponsKeys[''], 'pons'),
    ...(['filters', 'limits'] as const).flatMap((name) => {
      const inner = value[name];
      return isFields(inner) ? unknownKeys(inner, ponsKeys[name], `pons.${name}`) : [];
    }),
  ];
}

function section(value: unknown, path: string, complain: Complain): Readonly<Record<string, unknown>> {
  if (isFields(value)) return value;
  if (value !== undefined && value !== null) complain(path, `must be a mapping, is ${kindOf(value)}`);
  return {};
}
