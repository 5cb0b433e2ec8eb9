// The door's one statement, in variants by what is in the batch. Each variant is a chain of data-modifying CTEs:
//
//   p   the position counter, FIRST: its row lock orders all writers, so two processes cannot deadlock over rooms
//   r   rooms whose version is still the one that their part was built on; c: new rooms
//   g   first position and the rooms that may be written (and 0, for rows that no room guards)
//   …   one CTE for each table, taking only rows whose guard is in g
//
// The rooms wait for p by data dependency (`from p`), everything else for g. A message touches no table but its own: an empty CTE
// still opens its table and indexes.
import { type Statement, statement } from './database.ts';
import { keySections } from './group-commit-keys.ts';
import { type Section, type SectionName, sections } from './group-commit-statements.ts';

/** A statement and the sections whose columns it takes, after `$1`, the number of positions. */
export interface Variant {
  readonly statement: Statement;
  readonly sections: readonly SectionName[];
  /** Takes a member only where none of that name was in the room before. */
  readonly ofFirst: boolean;
}

function variant(name: string, names: readonly SectionName[], { ofFirst = false } = {}): Variant {
  let parameter = 1;
  const ctes = names.map((sectionName) => {
    const section: Section = sections[sectionName];
    const columns = Object.entries(section.columns);
    const source = columns.map(([, type]) => `$${(parameter += 1)}::${type}[]`).join(', ');
    const rows = `unnest(${source}) as t(${columns.map(([column]) => column).join(', ')})`;
    const from =
      sectionName === 'rooms' || sectionName === 'newRooms' ? `from p, ${rows}` : `from g cross join ${rows}`;
    return ofFirst && section.sqlOfFirst !== undefined ? section.sqlOfFirst(from) : section.sql(from);
  });
  const rooms = ['rooms', 'newRooms'].filter((one) => names.includes(one as SectionName));
  const written = rooms.map((one) => `select room_nid from ${one === 'rooms' ? 'r' : 'c'}`).join(' union all ');
  const g =
    rooms.length === 0
      ? `g as (select base, array[0::bigint] as rooms from p)`
      : `g as (select base, 0::bigint || coalesce((select array_agg(room_nid) from (${written}) x), '{}') as rooms from p)`;
  const text = `with p as (update position set value = value + $1::bigint returning value - $1::bigint + 1 as base),
    ${[...ctes.slice(0, rooms.length), g, ...ctes.slice(rooms.length)].join(',\n    ')}
    select base, rooms from g`;
  return { statement: statement(name, text, { fixedPlan: true }), sections: names, ofFirst };
}

const message = ['rooms', 'events', 'eventJson', 'clientTransactions'] as const;
const related = [...message, 'relations', 'redactions'] as const;
// What an application service names, which is every message of a bridge that does so.
const named = [...related, 'batchEvents'] as const;
// Ghosts that come for the first time, alone or in a crowd, and nothing else.
const arrivals = ['rooms', 'fullEvents', 'eventJson', 'authEdges', 'authLinks', 'state', 'members'] as const;
// Joins, names, topics beside messages: half the tables of `room`, whose empty ones cost a small batch a third of its time.
const stateful = [
  'rooms',
  'events',
  'fullEvents',
  'eventJson',
  'clientTransactions',
  'authEdges',
  'authLinks',
  'closedState',
  'state',
  'members',
] as const;
const room = [
  'rooms',
  'newRooms',
  'events',
  'fullEvents',
  'eventJson',
  'clientTransactions',
  'relations',
  'redactions',
  'authEdges',
  'authLinks',
  'closedState',
  'state',
  'lines',
  'members',
  'forgotten',
  'aliases',
  'aliasesRemoved',
] as const;
const personal = [
  'clientTransactions',
  'accountData',
  'receipts',
  'toDevice',
  'deviceListChanges',
  'profileChanges',
] as const;

// What other servers send.
const received = [
  'rooms',
  'fullEvents',
  'placedEvents',
  'eventJson',
  'relations',
  'redactions',
  'earlyRedactions',
  'authEdges',
  'authLinks',
  'closedState',
  'state',
  'lines',
  'members',
  'membersRemoved',
] as const;

const batch = [
  'rooms',
  'events',
  'fullEvents',
  'eventJson',
  'relations',
  'redactions',
  'authEdges',
  'authLinks',
  'closedState',
  'state',
  'lines',
  'members',
  'batchEvents',
  'batchPoints',
] as const;

const keys = Object.keys(keySections) as (keyof typeof keySections)[];
const all = [
  ...room,
  ...personal.filter((name) => name !== 'clientTransactions'),
  'batchEvents',
  'batchPoints',
  'placedEvents',
  'membersRemoved',
  'earlyRedactions',
  'ephemeralEvents',
] as const;

/** From the narrowest to the one that takes everything. */
export const variants: readonly Variant[] = [
  variant('door.message', message),
  variant('door.related', related),
  variant('door.named', named),
  variant('door.ephemeral', ['clientTransactions', 'ephemeralEvents']),
  variant('door.personal', personal),
  variant('door.keys', ['toDevice', 'deviceListChanges', ...keys]),
  variant('door.arrivals', arrivals, { ofFirst: true }),
  variant('door.state', stateful),
  variant('door.room', room),
  variant('door.received', received),
  variant('door.batch', batch),
  variant('door.all', all),
  variant('door.everything', [...all, ...keys]),
];
