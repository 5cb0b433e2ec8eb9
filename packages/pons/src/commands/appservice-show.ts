// `pons appservice show`: one application service, what its registration says (without secrets) and how its delivery goes.

import { Command } from 'commander';
import { call, located, pathOf, type Where } from './appservice-calls.ts';
import { deliveryRows, type Status } from './appservice-status.ts';
import { printTable } from './print-table.ts';

interface Shown extends Status {
  readonly registration: {
    readonly sender_localpart: string;
    readonly namespaces: Readonly<Record<string, readonly { regex: string; exclusive: boolean }[]>>;
    readonly rate_limited: boolean;
    readonly protocols: readonly string[];
    readonly receive_ephemeral: boolean;
    readonly device_extensions: boolean;
    readonly device_management: boolean;
    /** For all who let it, or for those of them whose id matches. */
    readonly double_puppet: boolean | { readonly users: string };
    readonly unknown_keys: readonly string[];
  };
}

/** The command. */
export function showCommand(): Command {
  return located(
    new Command('show')
      .description('its registration (without secrets) and its delivery')
      .argument('<id>', 'id of the application service'),
  ).action(show);
}

async function show(id: string, where: Where): Promise<void> {
  const one = await call<Shown>(where, 'GET', pathOf(id));
  if (where.json) return console.log(JSON.stringify(one));
  const rows = [...registrationRows(one), ...deliveryRows(one, Date.now())];
  printTable(
    ['', ''],
    rows.filter(([, words]) => words !== undefined && words !== ''),
  );
  const namespaces = Object.entries(one.registration.namespaces).flatMap(([kind, list]) =>
    list.map(({ regex, exclusive }) => [kind, exclusive ? 'yes' : 'no', regex]),
  );
  if (namespaces.length > 0) console.log('');
  printTable(['namespace', 'exclusive', 'regex'], namespaces);
}

function registrationRows({ registration, ...one }: Shown): [string, string | undefined][] {
  const yes = (is: boolean) => (is ? 'yes' : 'no');
  const { double_puppet: puppet } = registration;
  return [
    ['id', one.id],
    ['acts as', one.sender],
    ['delivered to', deliveredTo(one)],
    ['registered in', one.source === 'database' ? 'the database (pons appservice add)' : one.source],
    ['protocols', registration.protocols.join(', ')],
    ['rate limited', yes(registration.rate_limited)],
    ['receive ephemeral', yes(registration.receive_ephemeral)],
    ['device extensions', yes(registration.device_extensions)],
    ['device management', yes(registration.device_management)],
    ['double puppet', typeof puppet === 'boolean' ? yes(puppet) : `of users that match ${puppet.users}`],
    ['keys not known', registration.unknown_keys.join(', ')],
  ];
}

function deliveredTo({ url, websocket }: Pick<Status, 'url' | 'websocket'>): string {
  if (websocket) return 'its websocket';
  return url ?? 'its websocket, when it opens one';
}
