// The linter: each finding by a file of fixtures/ that shows it, and that what it says of ids is true of them.
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FindingCode, findingLevels } from './findings.ts';
import { lintRegistration } from './lint.ts';
import { formatFinding, lintFiles } from './lint-files.ts';
import { lintTogether, type LintTogetherOptions } from './lint-together.ts';
import { compileNamespaces, compileRegex } from './namespaces.ts';
import { noPonsBlock } from './pons-block.ts';
import type { NamespaceEntry, Registration } from './registration.ts';

const serverName = 'example.org';
const folder = new URL('../fixtures/', import.meta.url);
const fixtures = readdirSync(folder).toSorted();
const read = (file: string) => ({ file, text: readFileSync(new URL(file, folder), 'utf8') });
const codes = Object.keys(findingLevels) as FindingCode[];

function registration(id: string, users: readonly NamespaceEntry[], more: Partial<Registration> = {}): Registration {
  return {
    id,
    url: 'http://bridge:9000',
    asToken: `a0b1c2d3e4f5a6b7c8d9e0f1-${id}`,
    hsToken: `f9e8d7c6b5a4f3e2d1c0b9a8-${id}`,
    senderLocalpart: `_sender_${id}`,
    namespaces: { users, aliases: [], rooms: [] },
    rateLimited: false,
    protocols: [],
    receiveEphemeral: false,
    pushEphemeral: false,
    deviceExtensions: false,
    deviceManagement: false,
    pons: noPonsBlock,
    unknown: {},
    unknownKeys: [],
    ...more,
  };
}
const exclusive = (regex: string): NamespaceEntry => ({ regex, exclusive: true });
const found = (one: Registration, code: FindingCode) =>
  lintRegistration(one, serverName).filter((finding) => finding.code === code);

describe('each finding', () => {
  it.each(codes)('%s is shown by its fixtures, and explained in the README', (code) => {
    const files = fixtures.filter((name) => name.replace(/(\.[ab])?\.yaml$/, '') === code).map(read);
    expect(files).not.toEqual([]);
    const { findings } = lintFiles(files, serverName);
    expect(findings.map((finding) => finding.code)).toContain(code);
    for (const { level, line, file } of findings.filter((finding) => finding.code === code)) {
      expect(level).toBe(findingLevels[code]);
      expect([files.at(-1)?.file, line > 1]).toEqual([file, true]);
    }
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(readme).toMatch(new RegExp(`^\\| \`${code}\` \\| ${findingLevels[code]} \\|`, 'm'));
  });

  it('has no fixture without a finding', () => {
    expect(new Set(fixtures.map((name) => name.replace(/(\.[ab])?\.yaml$/, '')))).toEqual(new Set(codes));
  });

  it('of two files names the other file and its line', () => {
    const { findings } = lintFiles(['overlap.a.yaml', 'overlap.b.yaml'].map(read), serverName);
    expect(findings.filter(({ code }) => code === 'overlap').map(formatFinding)).toEqual([
      'overlap.b.yaml:10: warning: namespaces.users[0].regex: overlaps an exclusive namespace of overlap-a: neither can make @_irc_net_a:example.org (overlap.a.yaml:10: namespaces.users[0].regex) [overlap]',
    ]);
    const twice = lintFiles(['id-twice.a.yaml', 'id-twice.b.yaml'].map(read)).findings;
    expect(twice.map(formatFinding).join('\n')).toContain(
      'id-twice.b.yaml:2: error: id: "twice" is registered already (id-twice.a.yaml:2: id) [id-twice]',
    );
  });

  it('of a misspelt key names the key that was meant', () => {
    const said = (unknownKeys: string[]) =>
      found(registration('x', [], { unknownKeys }), 'misspelt').map(({ path, reason }) => [
        path,
        /mean (.*)\?/.exec(reason)?.[1],
      ]);
    expect(
      said([
        'protocol',
        'rate_limit',
        'namespaces.alias',
        'namespaces.user',
        'namespaces.users[0].regexp',
        'pons.filter',
        'pons.filters.own_event',
      ]),
    ).toEqual([
      ['protocol', 'protocols'],
      ['rate_limit', 'rate_limited'],
      ['namespaces.alias', 'aliases'],
      ['namespaces.user', 'users'],
      ['namespaces.users[0].regexp', 'regex'],
      ['pons.filter', 'filters'],
      ['pons.filters.own_event', 'own_events'],
    ]);
    expect(said(['com.example.extension', 'ip_range_whitelist'])).toEqual([]);
  });

  it('of a token never shows the token', () => {
    const weak = registration('x', [], { asToken: 'hunter2', hsToken: 'hunter2hunter2hunter2hunter2' });
    expect(JSON.stringify(lintRegistration(weak, serverName))).not.toContain('hunter2');
    expect(found(weak, 'token-weak').map(({ path }) => path)).toEqual(['as_token', 'hs_token']);
  });
});

it('a server that loads is told what is wrong, without the notes', () => {
  const one = registration('x', [exclusive('@irc_bot')], { rateLimited: true });
  const codesOf = (options?: { notes: boolean }) => lintRegistration(one, serverName, options).map(({ code }) => code);
  expect(codesOf()).toEqual(['open-end', 'no-underscore', 'elsewhere', 'sender-outside', 'rate-limited']);
  expect(codesOf({ notes: false })).toEqual(['open-end']);
});

describe('a server that runs looks', () => {
  const all = ['one', 'two', 'three'].map((id) => registration(id, [exclusive('@_irc_.*')]));
  const pairs = (options?: LintTogetherOptions) =>
    lintTogether(all, serverName, options).map(({ code, id, other }) => `${code} ${id} ${other?.id}`);

  it('only at what changed', () => {
    expect(pairs()).toEqual(['overlap two one', 'overlap three one', 'overlap three two']);
    expect(pairs({ only: new Set(['two']) })).toEqual(['overlap two one', 'overlap three two']);
  });

  it('at so many patterns of one registration and no more', () => {
    const one = registration('x', [exclusive('@_irc_a'), exclusive('@_irc_b')]);
    expect(lintRegistration(one, serverName, { notes: false, patternsMax: 1 }).map(({ path }) => path)).toEqual([
      'namespaces.users[0].regex',
    ]);
  });

  it('at so many pairs and no more, and says so', () => {
    expect(pairs({ searchesMax: 2 })).toEqual(['overlap two one', 'overlap three one', 'undecided three undefined']);
  });
});

describe('patterns', () => {
  it.each([
    ['@_irc_.*', undefined],
    ['^@_irc_.*:example\\.org$', undefined],
    ['@_irc_[0-9]+:', undefined],
    ['@_irc_bot$|@_irc_bot:', undefined],
    ['@_irc_bot', '@_irc_bota:example.org'],
    ['@_(irc|slack)_[a-z]+', '@_irc_a0:example.org'],
    ['@_irc_x{3}', '@_irc_xxxa:example.org'],
  ])('%s that leaves its end open takes %s', (regex, sample) => {
    expect(found(registration('x', [exclusive(regex)]), 'open-end')[0]?.sample).toBe(sample);
  });

  it.each([
    '@_(a+)+$',
    '^(a+)+$',
    '^@_(a|a)*$',
    '^@_(a|aa)+$',
    '@(.*)*b',
    '^@_(([a-z])+.)+[A-Z]([a-z])+$',
    '@_(?:a?){50}a{50}',
    '^@_irc_((?:ab|a|b)+_)*:example\\.org$',
    '@_(?:[a-z]*)+a',
    '@_(?:a|a?[ab])(?:.|a?)*[ab]{2,}',
    '@_(?:[ab]{1,3})+a[a-z]',
    '@_(?:(?:[^b]+){2,}){2,}[a-z]{1,3}',
  ])('%s is catastrophic where engines backtrack', (regex) => {
    const [one] = found(registration('x', [exclusive(regex)]), 'catastrophic');
    expect(one?.sample?.length).toBeLessThanOrEqual(130);
  });

  it.each([
    '^@_irc_.*:example\\.org$',
    '@_irc_.*_.*_.*:example\\.org$',
    '^@_[a-z]+_[a-z]+$',
    '(@_a.*|@_b.*)',
    '^@_(irc|slack)_([a-z0-9]+_)*[a-z0-9]+:example\\.org$',
  ])('%s is not', (regex) => {
    expect(found(registration('x', [exclusive(regex)]), 'catastrophic')).toEqual([]);
  });

  it.each([
    ['@_IRC_.*', 'characters that no new id has'],
    ['_irc_.*', 'begins with @'],
    ['@_irc_.*:other\\.example$', 'the server other.example, this one is example.org'],
    ['@_irc_.*:example.org.+', 'ids are @name:example.org'],
  ])('%s matches nobody: %s', (regex, why) => {
    expect(found(registration('x', [exclusive(regex)]), 'never-matches')[0]?.reason).toContain(why);
  });

  it('that other homeservers read otherwise are shown with an id that differs', () => {
    const said = (regex: string) =>
      found(registration('x', [exclusive(regex)]), 'elsewhere').map(({ reason }) =>
        reason.split(': ').slice(1).join(': '),
      );
    expect(said('^@_irc_.*:example\\.org$')).toEqual([]);
    expect(said('@_irc_.*')).toEqual([
      'Dendrite and continuwuity also take @_irc_alice:elsewhere.example, they do not ask for users of the server itself',
    ]);
    expect(said('@_irc_x:|:example\\.org$')).toEqual([
      'Dendrite, tuwunel and continuwuity also take @a:example.org, they look for the pattern anywhere in the id',
      expect.stringContaining('@_irc_x:elsewhere.example'),
    ]);
    expect(said('^@_irc_(x|\\pL):example\\.org$').at(-1)).toContain('Synapse does not read \\p');
  });
});

/** Patterns as people write them, and worse. */
const pieces = fc.constantFrom(
  '@',
  '_',
  'a',
  'b',
  '.*',
  '.',
  '[ab]',
  '[^a]',
  'a*',
  'b+',
  '(?:ab)?',
  '(a|b_)',
  'x{2}',
  '$',
  '\\b',
  '^',
);
const pattern = fc
  .array(pieces, { maxLength: 6 })
  .map((parts) => parts.join(''))
  .chain((tail) => fc.constantFrom('', '@', '^@', '@_').map((head) => head + tail));

describe('whatever the patterns are', () => {
  it('a sample that a finding shows is really taken by the compiled namespace', () => {
    const shown = new Set<FindingCode>(['too-wide', 'open-end', 'no-underscore', 'overlap']);
    fc.assert(
      fc.property(pattern, pattern, (first, second) => {
        const both = [registration('one', [exclusive(first)]), registration('two', [exclusive(second)])];
        for (const finding of [
          ...both.flatMap((one) => lintRegistration(one, serverName)),
          ...lintTogether(both, serverName),
        ]) {
          if (!shown.has(finding.code)) continue;
          for (const id of [finding.id, ...(finding.other === undefined ? [] : [finding.other.id])]) {
            const one = both.find((registered) => registered.id === id)!;
            expect(compileNamespaces(one, serverName).user(finding.sample ?? '')).toBe('exclusive');
          }
        }
      }),
    );
  });

  it('an overlap is found whenever there is one, by comparison with every short id', () => {
    const letters = ['a', 'b', '_', 'x'];
    const short = letters.flatMap((one) => [
      one,
      ...letters.flatMap((two) => [one + two, ...letters.map((three) => one + two + three)]),
    ]);
    fc.assert(
      fc.property(pattern, pattern, (first, second) => {
        const [one, two] = [compileRegex(first), compileRegex(second)];
        const overlaps = short.some((name) => one(`@${name}:example.org`) && two(`@${name}:example.org`));
        const both = [registration('one', [exclusive(first)]), registration('two', [exclusive(second)])];
        if (overlaps) expect(lintTogether(both, serverName).map(({ code }) => code)).toContain('overlap');
      }),
    );
  });
});
