// The bridge's configuration file: every key, its bounds and its default. main.ts reads the file, startIrcBridge takes the same
// object in-process; both get every mistake at once, each with its place.
//
//   homeserver: { url: http://127.0.0.1:8008, domain: example.org }
//   registration: irc-registration.yaml
//   store: irc.sqlite
//   listen: { port: 9010 }
//   network: { name: Libera, servers: [{ host: irc.libera.chat, port: 6697 }] }
//   channels: { '#pons': { room: '#pons:example.org' } }

import {
  type Field,
  flag,
  integer,
  list,
  named,
  number,
  optional,
  readConfig,
  section,
  text,
} from './config-fields.ts';
import { isChannelName } from './ids.ts';
import { ISUPPORT_DEFAULTS } from './protocol/isupport.ts';
import { sanitiseNick } from './protocol/nick.ts';
import type { ServerAddress } from './protocol/open-socket.ts';
import type { SaslAccount } from './protocol/sasl.ts';
import type { FloodLimits } from './protocol/send-queue.ts';

/** A bridged channel. */
export interface ChannelConfig {
  /** The channel as the file spells it. */
  name: string;
  /** Room ID or alias; without one the kit makes a room with an alias of its own. */
  room: string | undefined;
  key: string | undefined;
}

/** What concerns the IRC side. */
export interface IrcConfig {
  network: {
    name: string;
    servers: [ServerAddress, ...ServerAddress[]];
    /** Password of the servers (PASS), the same for all our connections. */
    password: string | undefined;
  };
  /** The connection that hears what the channels say. */
  listener: { nick: string; username: string; realname: string; sasl: SaslAccount | undefined };
  /** The connections of Matrix users who have not logged in. */
  puppets: {
    enabled: boolean;
    /** `{displayname}`, `{localpart}` and other text. */
    nick: string;
    /** `{displayname}`, `{localpart}`, `{mxid}` and other text. */
    realname: string;
    /** Connections at once; the one idle longest makes room. */
    max: number;
  };
  channels: ChannelConfig[];
  flood: FloodLimits;
  messages: { maxLines: number };
}

/** The whole file. */
export interface IrcBridgeConfig extends IrcConfig {
  homeserver: { url: string; domain: string };
  /** Path of the registration file, from the configuration's folder. */
  registration: string;
  /** Where people reach the bridge for media: `https://bridge.example.org`. Default: the address that it listens on. */
  publicUrl: string | undefined;
  /** Path of the SQLite file, from the configuration's folder. */
  store: string;
  listen: { port: number; bind: string };
  ghosts: { localpart: string; displayName: string };
}

/** The configuration in a parsed YAML file. @throws {ConfigMistakes} */
export function readIrcBridgeConfig(value: unknown): IrcBridgeConfig {
  const file = readConfig(value, FILE);
  const [first, ...others] = file.network.servers.map(addressOf);
  return {
    homeserver: file.homeserver,
    registration: file.registration,
    publicUrl: file.public_url,
    store: file.store,
    listen: file.listen,
    ghosts: { localpart: file.ghosts.localpart, displayName: file.ghosts.displayname },
    // One server is the least that the schema lets through.
    network: { name: file.network.name, password: file.network.password, servers: [first ?? NO_SERVER, ...others] },
    listener: file.listener,
    puppets: file.puppets,
    channels: file.channels.map(([name, channel]) => ({ name, room: channel.room, key: channel.key })),
    flood: { burst: file.flood.burst, linesPerSecond: file.flood.lines_per_second },
    messages: { maxLines: file.messages.max_lines },
  };
}

interface ServerEntry {
  host: string;
  port: number;
  tls: boolean | undefined;
  tls_verify: boolean;
  tls_ca_file: string | undefined;
  tls_server_name: string | undefined;
  local_address: string | undefined;
}

const PORT_OF_TLS = 6697;
const NO_SERVER: ServerAddress = { host: '', port: PORT_OF_TLS, tls: false };

function addressOf(entry: ServerEntry): ServerAddress {
  const tls = {
    verify: entry.tls_verify,
    ...(entry.tls_ca_file === undefined ? {} : { caFile: entry.tls_ca_file }),
    ...(entry.tls_server_name === undefined ? {} : { serverName: entry.tls_server_name }),
  };
  return {
    host: entry.host,
    port: entry.port,
    tls: (entry.tls ?? entry.port === PORT_OF_TLS) ? tls : false,
    ...(entry.local_address === undefined ? {} : { localAddress: entry.local_address }),
  };
}

const word = text(undefined, (value) => (/^[^\s\0]+$/.test(value) ? null : 'must be one word'));
/** Not a line's end: everything here may end up in an IRC line, and the line writer would refuse it only then. */
const oneLine = (fallback?: string): Field<string> =>
  text(fallback, (value) => (/[\r\n\0]/.test(value) ? 'must be one line' : null));
const nick = (fallback: string): Field<string> =>
  text(fallback, (value) => (value !== '' && sanitiseNick(value, 64) === value ? null : 'is not a nick'));
const url = text(undefined, (value) =>
  URL.canParse(value) && /^https?:/.test(value) ? null : 'must be an http address',
);

const server: Field<ServerEntry> = section<ServerEntry>({
  host: word,
  port: integer(1, 65_535, PORT_OF_TLS),
  /** Default: on the port of IRC over TLS. */
  tls: optional(flag(true)),
  tls_verify: flag(true),
  tls_ca_file: optional(text()),
  tls_server_name: optional(word),
  local_address: optional(word),
});

const FILE = section({
  homeserver: section({ url, domain: word }),
  registration: text('registration.yaml'),
  public_url: optional(url),
  store: text('irc.sqlite'),
  listen: section({ port: integer(0, 65_535), bind: text('127.0.0.1') }),
  ghosts: section({
    localpart: text('_irc_{user}', (value) => (value.includes('{user}') ? null : 'must contain {user}')),
    displayname: text('{name}', (value) => (value.includes('{name}') ? null : 'must contain {name}')),
  }),
  network: section({
    name: oneLine('IRC'),
    servers: list(server, 1),
    password: optional(oneLine()),
  }),
  listener: section({
    nick: nick('pons'),
    username: nick('pons'),
    realname: oneLine('Pons bridge'),
    sasl: optional(section({ user: oneLine(), password: oneLine() })),
  }),
  puppets: section({
    enabled: flag(true),
    nick: oneLine('{displayname}'),
    realname: oneLine('{mxid}'),
    max: integer(1, 100_000, 200),
  }),
  channels: named(section({ room: optional(roomName()), key: optional(word) }), (name) =>
    isChannelName(name, { ...ISUPPORT_DEFAULTS, chanTypes: '#&+!' }) ? null : 'is not the name of one channel',
  ),
  flood: section({ burst: integer(1, 1_000, 8), lines_per_second: number(0.1, 1_000, 1) }),
  messages: section({ max_lines: integer(1, 200, 20) }),
});

function roomName(): Field<string> {
  return text(undefined, (value) => (/^[!#][^\s\0]+$/.test(value) ? null : 'must be a room id or an alias'));
}
