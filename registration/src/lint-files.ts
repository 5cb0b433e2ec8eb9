// `pons registration check`: registration files as texts, alone and together, to findings with file and line. Everything that a homeserver
// would refuse is in it, so it can be asked before anything is changed.

import { type Finding, findingLevels } from './findings.ts';
import { lintRegistration } from './lint.ts';
import { serverIn } from './lint-namespaces.ts';
import { lintTogether } from './lint-together.ts';
import { loadRegistration } from './load.ts';
import type { LineOf } from './locate-lines.ts';
import type { Registration } from './registration.ts';

/** A registration file. */
export interface RegistrationText {
  readonly file: string;
  readonly text: string;
}

/** A place in a file. */
export interface FilePlace {
  readonly file: string;
  readonly line: number;
  readonly path: string;
}

/** A finding and where it stands. */
export interface FileFinding extends FilePlace, Pick<Finding, 'code' | 'level' | 'reason' | 'sample'> {
  readonly other?: FilePlace;
}

/** What was found in some files. */
export interface LintReport {
  readonly serverName: string;
  /** Registrations that a homeserver would load. */
  readonly good: number;
  /** By file in the order given, then by line. */
  readonly findings: readonly FileFinding[];
}

interface Loaded {
  readonly file: string;
  readonly registration: Registration;
  readonly lineOf: LineOf;
}

/**
 * Looks at files as one homeserver would load them.
 *
 * @param serverName  the homeserver's; without it, the one that the patterns name
 */
export function lintFiles(
  files: readonly RegistrationText[],
  serverName = serverNameIn(files) ?? 'example.org',
): LintReport {
  const findings: FileFinding[] = [];
  const loaded: Loaded[] = [];
  for (const { file, text } of files) {
    const one = loadRegistration(text, { file, serverName });
    if (one.outcome === 'loaded') loaded.push({ file, ...one });
    else
      findings.push(...one.complaints.map((complaint) => ({ ...complaint, code: 'refused', level: 'error' }) as const));
  }
  const good = loaded.filter((one, index) => {
    const taken = takenBy(one, loaded.slice(0, index));
    findings.push(...taken);
    return taken.length === 0;
  });
  const placeOf = (id: string, path: string): FilePlace => {
    const one = good.find(({ registration }) => registration.id === id);
    return { file: one?.file ?? id, line: one?.lineOf(path) ?? 1, path };
  };
  const registrations = good.map(({ registration }) => registration);
  const found = [
    ...registrations.flatMap((registration) => lintRegistration(registration, serverName)),
    ...lintTogether(registrations, serverName),
  ];
  findings.push(
    ...found.map(({ id, path, other, ...rest }) => ({
      ...rest,
      ...placeOf(id, path),
      ...(other === undefined ? {} : { other: placeOf(other.id, other.path) }),
    })),
  );
  const order = files.map(({ file }) => file);
  findings.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line);
  return { serverName, good: good.length, findings };
}

/** One line for people: `irc.yaml:12: warning: namespaces.users[0].regex: … [overlap]`. */
export function formatFinding({ file, line, path, level, reason, code, other }: FileFinding): string {
  const place = path === '' ? '' : `${path}: `;
  const where = other === undefined ? '' : ` (${other.file}:${other.line}: ${other.path})`;
  return `${file}:${line}: ${level}: ${place}${reason}${where} [${code}]`;
}

/** Why a homeserver that has the ones before would refuse this one. */
function takenBy({ file, registration, lineOf }: Loaded, before: readonly Loaded[]): FileFinding[] {
  const clash = (code: 'id-twice' | 'as-token-twice', path: string, reason: string, other: Loaded): FileFinding => ({
    code,
    level: findingLevels[code],
    file,
    line: lineOf(path),
    path,
    reason,
    other: { file: other.file, line: other.lineOf(path), path },
  });
  const sameId = before.find((other) => other.registration.id === registration.id);
  const sameToken = before.find((other) => other.registration.asToken === registration.asToken);
  return [
    ...(sameId === undefined
      ? []
      : [clash('id-twice', 'id', `${JSON.stringify(registration.id)} is registered already`, sameId)]),
    ...(sameToken === undefined
      ? []
      : [
          clash(
            'as-token-twice',
            'as_token',
            'is the as_token of another: make a new secret for one of them',
            sameToken,
          ),
        ]),
  ];
}

/** The homeserver that the patterns name: the first that one does. */
export function serverNameIn(files: readonly RegistrationText[]): string | undefined {
  for (const { file, text } of files) {
    const loaded = loadRegistration(text, { file });
    if (loaded.outcome === 'refused') continue;
    const { users, aliases } = loaded.registration.namespaces;
    for (const { regex } of [...users, ...aliases]) {
      const server = serverIn(regex);
      if (server !== undefined) return server;
    }
  }
  return undefined;
}
