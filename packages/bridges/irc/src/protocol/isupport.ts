// What a network says about itself in numeric 005: how names fold, which modes take an argument, how long things may be.
// Filled by the connection after each registration; everything that depends on the network reads it from here.
// https://modern.ircdocs.horse/#feature-advertisement

import { type Casemapping, casemappingNamed } from './casemapping.ts';
import { LINE_BYTES_MAX } from './parse-line.ts';

/** A network's features, with the defaults of networks that announce nothing. */
export interface Isupport {
  network: string | null;
  casemapping: Casemapping;
  /** Characters that begin a channel's name. */
  chanTypes: string;
  /** Channel ranks from highest to lowest: `{ mode: 'o', sign: '@' }`. */
  prefixes: readonly { mode: string; sign: string }[];
  /** The four kinds of channel modes: lists; always an argument; an argument when set; never one. */
  chanModes: readonly [string, string, string, string];
  /** Signs that may stand before a channel to reach only those of a rank. */
  statusMsg: string;
  nickLength: number;
  channelLength: number;
  /** Bytes of a line without tags, CR LF included. */
  lineBytes: number;
  /** Bytes of a topic; the line's limit where nothing is said. */
  topicLength: number;
}

/** The features of a network that has said nothing yet. */
export const ISUPPORT_DEFAULTS: Isupport = {
  network: null,
  casemapping: 'rfc1459',
  chanTypes: '#&',
  prefixes: [
    { mode: 'o', sign: '@' },
    { mode: 'v', sign: '+' },
  ],
  chanModes: ['beI', 'k', 'l', 'imnpst'],
  statusMsg: '',
  nickLength: 9,
  channelLength: 200,
  lineBytes: LINE_BYTES_MAX,
  topicLength: 300,
};

/** No announced length is believed beyond this, so that a hostile server cannot make us build huge lines. */
const LENGTH_MAX = 16_384;

/**
 * The features after one more 005 line.
 *
 * @param params the line's parameters: our nick, tokens, and the closing text
 */
export function withIsupport(before: Isupport, params: readonly string[]): Isupport {
  let features = before;
  for (const token of params.slice(1, -1)) features = withToken(features, token);
  return features;
}

/** Whether a name is a channel's on this network. */
export function isChannel(name: string, features: Isupport): boolean {
  const first = name[0];
  return first !== undefined && features.chanTypes.includes(first);
}

function withToken(before: Isupport, token: string): Isupport {
  if (token.startsWith('-')) return withoutToken(before, token.slice(1));
  const equals = token.indexOf('=');
  const key = equals < 0 ? token : token.slice(0, equals);
  const value = equals < 0 ? '' : unescapeValue(token.slice(equals + 1));
  switch (key) {
    case 'NETWORK':
      return { ...before, network: value };
    case 'CASEMAPPING':
      return { ...before, casemapping: casemappingNamed(value) };
    case 'CHANTYPES':
      return { ...before, chanTypes: value };
    case 'PREFIX':
      return { ...before, prefixes: parsePrefixes(value) ?? before.prefixes };
    case 'CHANMODES': {
      const [lists = '', always = '', whenSet = '', never = ''] = value.split(',');
      return { ...before, chanModes: [lists, always, whenSet, never] };
    }
    case 'STATUSMSG':
      return { ...before, statusMsg: value };
    case 'NICKLEN':
      return { ...before, nickLength: length(value, before.nickLength) };
    case 'CHANNELLEN':
      return { ...before, channelLength: length(value, before.channelLength) };
    case 'TOPICLEN':
      return { ...before, topicLength: length(value, before.topicLength) };
    case 'LINELEN':
      return { ...before, lineBytes: Math.max(LINE_BYTES_MAX, length(value, before.lineBytes)) };
    default:
      return before;
  }
}

function withoutToken(before: Isupport, key: string): Isupport {
  const field = FIELDS[key];
  return field === undefined ? before : { ...before, [field]: ISUPPORT_DEFAULTS[field] };
}

const FIELDS: Readonly<Record<string, keyof Isupport>> = {
  NETWORK: 'network',
  CASEMAPPING: 'casemapping',
  CHANTYPES: 'chanTypes',
  PREFIX: 'prefixes',
  CHANMODES: 'chanModes',
  STATUSMSG: 'statusMsg',
  NICKLEN: 'nickLength',
  CHANNELLEN: 'channelLength',
  TOPICLEN: 'topicLength',
  LINELEN: 'lineBytes',
};

function parsePrefixes(value: string): Isupport['prefixes'] | null {
  if (value === '') return [];
  const match = /^\(([A-Za-z]*)\)(.*)$/.exec(value);
  const modes = match?.[1] ?? '';
  const signs = match?.[2] ?? '';
  if (!match || modes.length !== signs.length) return null;
  return Array.from(modes, (mode, index) => ({ mode, sign: signs[index] ?? '' }));
}

function length(value: string, before: number): number {
  return /^[0-9]{1,6}$/.test(value) ? Math.min(LENGTH_MAX, Math.max(1, Number(value))) : before;
}

function unescapeValue(value: string): string {
  return value.replace(/\\x([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
