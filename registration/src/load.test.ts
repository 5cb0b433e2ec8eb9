// What is refused and what is only warned of, with the line it stands on; and that what we write, we read.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateRegistration, prefixRegex } from './generate.ts';
import { lintRegistration } from './lint.ts';
import { formatComplaint, loadRegistration } from './load.ts';
import { noPonsBlock, ponsKeys } from './pons-block.ts';
import type { Registration } from './registration.ts';
import { registrationKeys } from './validate.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const good = {
  id: 'irc',
  url: 'http://127.0.0.1:1',
  as_token: '"a"',
  hs_token: '"h"',
  sender_localpart: 'bot',
  namespaces: '{}',
};

function yaml(changes: Record<string, string | undefined>): string {
  return Object.entries({ ...good, ...changes })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]))
    .join('\n');
}

function complaints(source: string): string[] {
  const loaded = loadRegistration(source, { file: 'x.yaml', serverName: 'example.org' });
  return loaded.outcome === 'refused' ? loaded.complaints.map(formatComplaint) : [];
}

function registration(source: string): Registration {
  const loaded = loadRegistration(source, { file: 'x.yaml', serverName: 'example.org' });
  if (loaded.outcome === 'refused') throw new Error(loaded.complaints.map(formatComplaint).join('\n'));
  return loaded.registration;
}

const users = (regex: string, exclusive: boolean) =>
  `{users: [{regex: ${JSON.stringify(regex)}, exclusive: ${exclusive}}]}`;

describe('a registration is refused', () => {
  it.each([
    ['what is no YAML', 'id: [', 'x.yaml:1: is not YAML'],
    ['a key given twice', `${yaml({})}\nid: b`, 'x.yaml:7: is not YAML: duplicated mapping key'],
    ['a list', '- a', 'x.yaml:1: must be a mapping'],
    ['an id that is a step in a URL', yaml({ id: '".."' }), 'x.yaml:1: id: cannot stand in a URL'],
    ['an id with half a character', yaml({ id: '"\\ud800"' }), 'x.yaml:1: id: cannot stand in a URL'],
    [
      'a sender whose user id would be too long',
      yaml({ sender_localpart: 'b'.repeat(250) }),
      'x.yaml:5: sender_localpart: must have at most 242 characters',
    ],
    ['no id', yaml({ id: undefined }), 'x.yaml:1: id: is required'],
    [
      'a number for a token',
      yaml({ as_token: '123' }),
      'x.yaml:3: as_token: must be text, is a number: put it in quotes',
    ],
    ['a token that would end the header', yaml({ hs_token: '"a\\nb"' }), 'x.yaml:4: hs_token: must be printable ASCII'],
    ['equal tokens', yaml({ hs_token: '"a"' }), 'x.yaml:4: hs_token: is the same as as_token'],
    ['no url', yaml({ url: undefined }), 'x.yaml:1: url: is required'],
    ['a url of another kind', yaml({ url: 'ftp://x' }), 'x.yaml:2: url: must begin with http://'],
    ['a url with a password', yaml({ url: 'http://a:b@c' }), 'x.yaml:2: url: must not contain a user name'],
    [
      'an IPv6 address without brackets',
      yaml({ url: 'http://fd00::1:9000' }),
      'x.yaml:2: url: is not a URL: an IPv6 address stands in brackets, http://[::1]:9000',
    ],
    ['a url that is none', yaml({ url: 'bridge' }), 'x.yaml:2: url: is not a URL: write http://host:port'],
    ['a relative socket', yaml({ url: 'unix:x.sock' }), 'x.yaml:2: url: must name an absolute path'],
    [
      'a sender that is a whole id',
      yaml({ sender_localpart: '"@b:c"' }),
      'x.yaml:5: sender_localpart: must be the part',
    ],
    ['namespaces that are no mapping', yaml({ namespaces: '[]' }), 'x.yaml:6: namespaces: must be a mapping'],
    ['a regex that is none', yaml({ namespaces: users('@(', true) }), 'x.yaml:6: namespaces.users[0].regex: "@("'],
    [
      'exclusive everybody',
      yaml({ namespaces: users('.*', true) }),
      'x.yaml:6: namespaces.users[0].regex: ".*" is exclusive',
    ],
    [
      'exclusive everybody here',
      yaml({ namespaces: users('@.*:example\\.org', true) }),
      'is exclusive and matches every user',
    ],
    ['an empty exclusive regex', yaml({ namespaces: users('', true) }), 'is exclusive and matches every user'],
    ['a flag that is text', yaml({}).concat('\nrate_limited: "no"'), 'x.yaml:7: rate_limited: must be true or false'],
  ])('for %s', (_, source, complaint) => {
    expect(complaints(source).join('\n')).toContain(complaint);
  });
});

describe('why a text is no YAML', () => {
  it.each([
    '*secret',
    '!secret',
    '!<secret>',
    '!secret!secret x',
    '!<secret"> x',
    '{a: *secret}',
    '"x" secret',
    '&secret',
  ])('is said without a word of it: as_token %s', (value) => {
    const said = complaints(yaml({ as_token: value }));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^x\.yaml:[34]: /);
    expect(said[0]).not.toContain('secret');
  });
});

describe('a registration is loaded', () => {
  it('with brackets that end at the beginning of a line, as PyYAML reads them, and keeps its lines', () => {
    const rest = 'sender_localpart: _bot\nas_token: a-token\nhs_token: h-token\nurl: null\n';
    const flow = (regex: string) =>
      `id: "a\nb"\nnamespaces: {\nusers: [\n# those of the bridge\n{exclusive: true,\nregex: ${regex}}\n],\n  rooms: [\n  ]\n}\n${rest}`;
    const { id, namespaces } = registration(flow('"@_a_.*"'));
    expect(id).toBe('a b');
    expect(namespaces.users).toEqual([{ exclusive: true, regex: '@_a_.*' }]);
    expect(complaints(flow('5'))).toEqual([expect.stringMatching(/^x\.yaml:7: namespaces\.users\[0\]\.regex: /)]);
    expect(complaints('id: {\n\t}')).toEqual([expect.stringContaining('put spaces, not tabs')]);
    expect(complaints(`id: [\n${'a,\n'.repeat(200)}]`)).toEqual([
      expect.stringContaining('deficient indentation: put'),
    ]);
    expect(complaints('id: {\n')).toEqual([expect.stringMatching(/^x\.yaml:2: is not YAML: /)]);
  });

  it('with null and socket urls', () => {
    expect(registration(yaml({ url: 'null' })).url).toBeNull();
    expect(registration(yaml({ url: '""' })).url).toBeNull(); // as mautrix bridges with a websocket write it
    expect(registration(yaml({ url: 'unix:/run/a.sock' })).url).toBe('unix:/run/a.sock');
    expect(registration(yaml({ url: 'unix:///run/a.sock' })).url).toBe('unix:///run/a.sock');
  });

  it('with everybody in a namespace that is not exclusive: double puppeting', () => {
    expect(registration(yaml({ namespaces: users('@.*:example\\.org', false) })).namespaces.users).toHaveLength(1);
  });

  it('with an evil regex, and a warning', () => {
    const loaded = registration(yaml({ namespaces: users('^@(a+)+$', true) }));
    expect(lintRegistration(loaded, 'example.org').map(({ code }) => code)).toContain('catastrophic');
  });

  it('with keys nobody knows, which are kept', () => {
    const loaded = registration(`${yaml({})}\ncom.example.thing: {a: 1}\npush_ephemeral: true`);
    expect(loaded.unknown).toEqual({ 'com.example.thing': { a: 1 } });
    expect(loaded.pushEphemeral).toBe(true);
  });

  it('with every spelling of the extensions, each of which is checked', () => {
    const flags = (text: string) => {
      const { pushEphemeral, deviceExtensions, deviceManagement } = registration(`${yaml({})}\n${text}`);
      return [pushEphemeral, deviceExtensions, deviceManagement];
    };
    expect(flags('de.sorunome.msc2409.push_ephemeral: true')).toEqual([true, false, false]);
    expect(flags('push_ephemeral: true\ndevice_management: null')).toEqual([true, false, false]);
    expect(flags('org.matrix.msc3202: true')).toEqual([false, true, false]);
    expect(flags('io.element.msc4190: true')).toEqual([false, false, true]);
    expect(flags('device_management: true\nio.element.msc4190: false')).toEqual([false, false, true]);
    expect(complaints(`${yaml({})}\nio.element.msc4190: true\ndevice_management: 1`)).toEqual([
      'x.yaml:8: device_management: must be true or false, is a number',
    ]);
  });

  it('with the pons block, whose absent keys have defaults and whose wrong ones are refused', () => {
    expect(registration(yaml({})).pons).toEqual(noPonsBlock);
    const { pons } = registration(
      yaml({
        pons: '{filters: {own_events: false, types: [m.room.*], max_age_ms: 60000}, limits: {events: 10}, double_puppet: true}',
      }),
    );
    expect(pons).toEqual({
      filters: { ...noPonsBlock.filters, ownEvents: false, types: ['m.room.*'], maxAgeMs: 60_000 },
      limits: { events: 10, bytes: undefined },
      doublePuppet: true,
      queryToken: false,
      botReadsAll: false,
      proxyKeys: false,
      deleteRooms: false,
      allowedAddresses: undefined,
    });
    expect(complaints(`${yaml({})}\npons:\n  filters: {types: m.room.message}\n  limits:\n    events: 0`)).toEqual([
      'x.yaml:8: pons.filters.types: must be a list of texts, is a string',
      'x.yaml:10: pons.limits.events: must be a whole number from 1 to 100, is 0',
    ]);
  });

  it('with the addresses from which it may call, each of which is one', () => {
    const read = (list: string) => registration(yaml({ pons: `{allowed_addresses: ${list}}` })).pons.allowedAddresses;
    expect(read('null')).toBeUndefined();
    expect(read('[192.0.2.7, 10.1.0.0/16, "2001:db8::/32", unix]')).toHaveLength(4);
    const wrong = (list: string) => complaints(`${yaml({})}\npons:\n  allowed_addresses: ${list}`);
    expect(wrong('[]')).toEqual(['x.yaml:8: pons.allowed_addresses: must name an address; leave it out to allow all']);
    expect(wrong('[10.1.0.0/16, bridge.example.org]')).toEqual([
      'x.yaml:8: pons.allowed_addresses[1]: "bridge.example.org" is no address (192.0.2.7, 2001:db8::7), no range of addresses (10.1.0.0/16) and not unix',
    ]);
    expect(wrong('10.1.0.0/16')).toEqual(['x.yaml:8: pons.allowed_addresses: must be a list of texts, is a string']);
  });

  it('with keys that schema and README name too', () => {
    const schema = JSON.parse(readFileSync(new URL('../registration.schema.json', import.meta.url), 'utf8')) as Schema;
    const keys = (one: Schema | undefined) => Object.keys(one?.properties ?? {}).toSorted();
    expect(keys(schema)).toEqual(registrationKeys[''].toSorted());
    const block = schema.$defs?.['pons'];
    expect(keys(block)).toEqual(ponsKeys[''].toSorted());
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    for (const name of ['filters', 'limits'] as const) {
      expect(keys(block?.properties?.[name])).toEqual([...ponsKeys[name]].toSorted((a, b) => (a < b ? -1 : 1)));
      for (const key of ponsKeys[name]) expect(readme).toContain(`    ${key}: `);
    }
    for (const key of registrationKeys['']) expect(readme).toContain(`\`${key}`);
  });

  it.each(['irc', 'slack', 'relay-bot', 'double-puppet'])('as samples/%s.yaml says it', (name) => {
    const source = readFileSync(new URL(`../samples/${name}.yaml`, import.meta.url), 'utf8');
    expect(complaints(source)).toEqual([]);
    const warned = lintRegistration(registration(source), 'example.org').filter(({ level }) => level === 'warning');
    // Their tokens are for being replaced.
    expect(warned.map(({ code, path }) => [code, path])).toEqual([
      ['token-weak', 'as_token'],
      ['token-weak', 'hs_token'],
    ]);
  });

  it('as it was generated, whatever its texts are', () => {
    const text = fc.string({
      minLength: 1,
      maxLength: 40,
      unit: fc.constantFrom(...Array.from('ab:#"\'\\{}[]|>%@&*!? -')),
    });
    fc.assert(
      fc.property(text, fc.boolean(), (prefix, exclusive) => {
        const regex = prefixRegex('@', `_${prefix}`, 'example.org');
        const source = generateRegistration({
          id: prefix,
          url: 'http://localhost:1/x',
          asToken: 'secret-a',
          hsToken: 'secret-h',
          senderLocalpart: 'bot',
          namespaces: { users: [{ regex, exclusive }], aliases: [], rooms: [] },
          protocols: [prefix],
        });
        const loaded = registration(source);
        expect(loaded.id).toBe(prefix);
        expect(loaded.protocols).toEqual([prefix]);
        expect(loaded.namespaces.users).toEqual([{ regex, exclusive }]);
      }),
    );
  });
});
