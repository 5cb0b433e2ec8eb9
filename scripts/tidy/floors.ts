// Never arrows 1, 2, 4, 5, 7, 8, 9, 10: who may import whom, inside the homeserver and between packages.
import { floors } from '../../packages/homeserver/src/floors.ts';
import type { Check, File } from './files.ts';

const homeserver = 'packages/homeserver/src/';
const floorOf = new Map<string, number>(
  floors.flatMap((names, index) => names.map((name): [string, number] => [name, floors.length - index])),
);
const isTest = (file: string) => file.endsWith('.test.ts') || file.includes('/test/');

function folderOf(file: string): string | undefined {
  if (!file.startsWith(homeserver)) return undefined;
  const rest = file.slice(homeserver.length);
  return rest.includes('/') ? rest.slice(0, rest.indexOf('/')) : rest.replace(/\.ts$/, '');
}

function insideHomeserver(file: File): string[] {
  const from = folderOf(file.path);
  if (from === undefined || isTest(file.path)) return [];
  if (from === 'index' || from === 'floors') return [];
  const here = floorOf.get(from);
  if (here === undefined) return [`${file.path}:1: ${from} is on no floor of floors.ts`];
  return file.imports.flatMap(({ target, line }) => {
    const to = target === undefined ? undefined : folderOf(target);
    if (to === undefined || to === from) return [];
    const there = floorOf.get(to);
    const at = `${file.path}:${line}:`;
    if (to === 'compose' || to === 'index') return [`${at} nobody inside the homeserver imports ${to}.ts`];
    if (there === undefined) return [`${at} ${to} is on no floor of floors.ts`];
    if (there > here) return [`${at} upward: ${from} imports ${to}`];
    if (there === here) return [`${at} sideways: ${from} imports ${to}`];
    if (to === 'storage' && here > (floorOf.get('actions') ?? 0) && from !== 'compose')
      return [`${at} ${from} never imports storage`];
    if (to === 'storage' && from === 'actions' && target !== `${homeserver}storage/database.ts`)
      return [`${at} actions may name only storage/database.ts`];
    if (to === 'rules' && from === 'storage') return [`${at} storage decides nothing: no rules`];
    return [];
  });
}

// Who may import which package of ours, besides spec and registration, which everybody may.
const mayImport: Record<string, readonly string[]> = {
  'packages/spec': [],
  registration: ['@pons/spec'],
  'packages/homeserver': ['@pons/spec', '@pons/registration'],
  'packages/appservice-sdk': ['@pons/spec', '@pons/registration'],
  'packages/appservice-conformance': ['@pons/spec', '@pons/registration'],
  'packages/bridges': ['@pons/spec', '@pons/registration', '@pons/appservice-sdk'],
  'packages/console': ['@pons/spec'],
  examples: [
    '@pons/spec',
    '@pons/registration',
    '@pons/appservice-sdk',
    '@pons/bridge-irc',
    '@pons/pons',
    '@pons/testkit',
  ],
};

function betweenPackages(file: File): string[] {
  const owner = Object.keys(mayImport).find((prefix) => file.path.startsWith(`${prefix}/`));
  if (owner === undefined || isTest(file.path)) return [];
  const allowed = mayImport[owner] ?? [];
  return file.imports.flatMap(({ specifier, target, line }) => {
    const at = `${file.path}:${line}:`;
    if (target !== undefined && !target.startsWith(`${owner}/`))
      return [`${at} reaches into another package: ${specifier}`];
    if (!specifier.startsWith('@pons/')) return [];
    const name = specifier.split('/').slice(0, 2).join('/');
    const own = owner === 'packages/bridges' && name.startsWith('@pons/bridge-');
    return allowed.includes(name) || own || file.path.startsWith('examples/')
      ? []
      : [`${at} ${owner} never imports ${name}`];
  });
}

function barrels(file: File): string[] {
  if (isTest(file.path)) return [];
  return file.imports
    .filter(({ target }) => target !== undefined && target.endsWith('/index.ts'))
    .map(({ specifier, line }) => `${file.path}:${line}: import the file, not the barrel ${specifier}`);
}

/** Floors and packages import only what they may. */
export const floorsHold: Check = (files) =>
  files
    .filter((file) => /\.tsx?$/.test(file.path))
    .flatMap((file) => [...insideHomeserver(file), ...betweenPackages(file), ...barrels(file)]);
