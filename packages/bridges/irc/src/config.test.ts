// Configurations that people write, right and wrong, and what they are told.

import { describe, expect, it } from 'vitest';
import { readIrcBridgeConfig } from './config.ts';
import { ConfigMistakes } from './config-fields.ts';

const least = {
  homeserver: { url: 'http://127.0.0.1:8008', domain: 'example.org' },
  listen: { port: 9010 },
  network: { servers: [{ host: 'irc.example.net' }] },
};

function mistakesOf(value: unknown): readonly string[] {
  try {
    readIrcBridgeConfig(value);
  } catch (error) {
    if (error instanceof ConfigMistakes) return error.mistakes;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('has a default for everything but where the two sides are', () => {
    expect(readIrcBridgeConfig(least)).toMatchObject({
      network: { name: 'IRC', servers: [{ host: 'irc.example.net', port: 6697, tls: { verify: true } }] },
      listener: { nick: 'pons' },
      puppets: { enabled: true, nick: '{displayname}', max: 200 },
      channels: [],
      flood: { burst: 8, linesPerSecond: 1 },
      listen: { port: 9010, bind: '127.0.0.1' },
    });
  });

  it('takes TLS from the port unless it is said', () => {
    const tlsOf = (server: object) =>
      readIrcBridgeConfig({ ...least, network: { servers: [server] } }).network.servers[0].tls;
    expect(tlsOf({ host: 'h', port: 6667 })).toBe(false);
    expect(tlsOf({ host: 'h', port: 6667, tls: true, tls_server_name: 'x' })).toEqual({
      verify: true,
      serverName: 'x',
    });
    expect(tlsOf({ host: 'h', tls: false })).toBe(false);
  });

  it.each<[string, object, string]>([
    ['a missing key', { homeserver: { url: 'http://x' } }, 'homeserver.domain: is missing'],
    ['an unknown key', { chanels: {} }, 'chanels: is not known here; did you mean channels?'],
    [
      'a port out of bounds',
      { network: { servers: [{ host: 'h', port: 99_999 }] } },
      'network.servers[0].port: must be a whole number from 1 to 65535, is 99999',
    ],
    ['no server', { network: { servers: [] } }, 'network.servers: must be a list of at least 1'],
    ['two channels in one name', { channels: { '#a,#b': {} } }, 'channels.#a,#b: is not the name of one channel'],
    [
      'a channel with a line break',
      { channels: { '#a\r\nQUIT': {} } },
      'channels.#a\r\nQUIT: is not the name of one channel',
    ],
    ['a room that is none', { channels: { '#a': { room: 'a' } } }, 'channels.#a.room: must be a room id or an alias'],
    ['a nick of two lines', { listener: { nick: 'a\nb' } }, 'listener.nick: is not a nick'],
    ['a real name of two lines', { listener: { realname: 'a\nb' } }, 'listener.realname: must be one line'],
    ['text for a number', { flood: { burst: '8' } }, 'flood.burst: must be a whole number from 1 to 1000'],
    ['a ghost template without its place', { ghosts: { localpart: 'x' } }, 'ghosts.localpart: must contain {user}'],
    ['a list for a section', { listener: [] }, 'listener: must hold keys and values'],
  ])('says where %s is', (_, change, mistake) => {
    expect(mistakesOf({ ...least, ...change })).toEqual([mistake]);
  });

  it('says every mistake at once, and never repeats a password', () => {
    const file = { ...least, network: { ...least.network, password: 'sec\nret' }, listen: { port: -1 }, x: 1 };
    expect(mistakesOf(file)).toHaveLength(3);
    expect(mistakesOf(file).join()).not.toContain('ret');
    expect(mistakesOf(null)).not.toEqual([]);
    expect(mistakesOf('text')[0]).toBe('the file: must hold keys and values');
  });
});
