// The application services that the kit plays, as data: who claims what, and for which cases. `writeRegistrations` makes their files with
// fresh tokens for an operator to install; `readRegistrations` takes up those that were installed.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatComplaint, loadRegistration, type Registration } from '@pons/registration';

/** The parts that the kit plays. */
export type Role = 'main' | 'other' | 'third' | 'wide' | 'rooms' | 'closed' | 'socket' | 'evil';

interface RoleShape {
  /** What it is for. */
  readonly purpose: string;
  /** Where it listens; `null` nowhere. */
  readonly url: ((host: string, port: number, dir: string) => string) | null;
  readonly more: Readonly<Record<string, unknown>>;
}

const http = (host: string, port: number) => `http://${host}:${port}`;
const own = (prefix: string) => ({
  users: [{ exclusive: true, regex: `@${prefix}.*` }],
  aliases: [{ exclusive: true, regex: `#${prefix}.*` }],
  rooms: [],
});
/** Every way in which encryption and ephemeral data are asked for, stable and not. */
const everything = {
  receive_ephemeral: true,
  'de.sorunome.msc2409.push_ephemeral': true,
  'org.matrix.msc3202': true,
};

/** All roles. Sender localparts lie outside the namespaces on purpose: the sender counts all the same. */
export const roles: Readonly<Record<Role, RoleShape>> = {
  main: {
    purpose: 'a bridge with everything switched on',
    url: http,
    more: {
      // A rooms namespace that is exclusive is where a Pons lets a service choose ids.
      namespaces: { ...own('_conf_'), rooms: [{ exclusive: true, regex: '!_conf_.*' }] },
      protocols: ['confnet'],
      rate_limited: false,
      ...everything,
      'io.element.msc4190': true,
      'com.example.unknown': { kept: true },
      // What a Pons wants to be asked for; others know nothing of it.
      pons: { bot_reads_all: true, proxy_keys: true, delete_rooms: true },
    },
  },
  other: {
    purpose: 'a second bridge, of the same network, below a path of its url; limits hold for its users',
    url: (host, port) => `http://${host}:${port}/some/path`,
    more: { namespaces: own('_confb_'), protocols: ['confnet', 'confonly'], rate_limited: true, ...everything },
  },
  third: {
    purpose: 'a plain bridge that asks for nothing more than events',
    url: http,
    more: {
      namespaces: { ...own('_confc_'), users: [...own('_confc_').users, { exclusive: true, regex: 'confz_.*' }] },
      protocols: ['confnet'],
      rate_limited: false,
    },
  },
  wide: {
    purpose: 'a double puppeting registration: url null, all users, nothing exclusive',
    url: null,
    more: { namespaces: { users: [{ exclusive: false, regex: '@.*' }], aliases: [], rooms: [] } },
  },
  rooms: {
    purpose: 'an observer of rooms by their id, and of aliases that belong to nobody alone',
    url: http,
    more: {
      namespaces: {
        users: [],
        aliases: [{ exclusive: false, regex: '#confroom_.*' }],
        rooms: [{ exclusive: false, regex: '!.*' }],
      },
      receive_ephemeral: true,
    },
  },
  closed: { purpose: 'nothing listens at its url', url: http, more: { namespaces: own('_confd_') } },
  socket: {
    purpose: 'listens on a unix socket',
    url: (_host, _port, dir) => `unix://${path.join(dir, 'socket.sock')}`,
    more: { namespaces: own('_confs_') },
  },
  evil: {
    purpose: 'a regex that takes exponential time in a backtracking engine',
    url: http,
    more: { namespaces: { users: [{ exclusive: true, regex: '@_confevil_(a+)+$' }], aliases: [], rooms: [] } },
  },
};

/** In the order of their ports. */
export const roleNames = Object.keys(roles) as readonly Role[];

/** Roles where nobody listens by design. */
export const silentRoles: ReadonlySet<Role> = new Set<Role>(['wide', 'closed']);

const fileOf = (role: Role) => `conformance-${role}.yaml`;
const tokenBytes = 32;

/**
 * Makes the registration of a role.
 *
 * @param where  the address at which the homeserver reaches the kit, the port of this role, the folder of its unix socket
 */
export function makeRegistration(
  role: Role,
  where: { readonly host: string; readonly port: number; readonly dir: string },
): Readonly<Record<string, unknown>> {
  const { url, more } = roles[role];
  const token = () => randomBytes(tokenBytes).toString('hex');
  return {
    id: `conformance-${role}`,
    url: url === null ? null : url(where.host, where.port, where.dir),
    as_token: token(),
    hs_token: token(),
    sender_localpart: `confbot-${role}`,
    rate_limited: false,
    ...more,
  };
}

export interface WriteOptions {
  readonly dir: string;
  readonly host: string;
  /** A port for each role, in the order of `roleNames`. */
  readonly ports: readonly number[];
  /** Leaves some out: a homeserver that refuses a registration may refuse to start. */
  readonly without?: readonly Role[];
}

/** @throws Error when there are fewer ports than roles */
export function portOf(ports: readonly number[], index: number): number {
  const port = ports[index];
  if (port === undefined) throw new Error(`the kit needs ${roleNames.length} ports`);
  return port;
}

/** Writes the registration files. JSON is YAML. @returns their paths */
export function writeRegistrations({ dir, host, ports, without = [] }: WriteOptions): string[] {
  mkdirSync(dir, { recursive: true });
  return roleNames.flatMap((role, index) => {
    if (without.includes(role)) return [];
    const file = path.join(dir, fileOf(role));
    const registration = makeRegistration(role, { host, port: portOf(ports, index), dir });
    writeFileSync(file, `# ${roles[role].purpose}\n${JSON.stringify(registration, undefined, 2)}\n`, { mode: 0o600 });
    return [file];
  });
}

/** Reads the registrations of a folder that `writeRegistrations` filled. @throws Error with the complaints of a broken file */
export function readRegistrations(dir: string): Map<Role, Registration> {
  const found = new Map<Role, Registration>();
  for (const role of roleNames) {
    const file = path.join(dir, fileOf(role));
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue; // left out on purpose
      throw error;
    }
    const loaded = loadRegistration(text, { file });
    if (loaded.outcome === 'refused') throw new Error(loaded.complaints.map(formatComplaint).join('\n'));
    found.set(role, loaded.registration);
  }
  return found;
}
