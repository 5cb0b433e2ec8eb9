// What the linter can find, each with a code that scripts and people can look up (README.md explains every one; a test compares).
// An error is what the homeserver refuses; a warning is most likely a mistake; a note is worth knowing and never fails a check.

/** How bad each finding is. */
export const findingLevels = {
  refused: 'error',
  'id-twice': 'error',
  'as-token-twice': 'error',
  overlap: 'warning',
  'sender-taken': 'warning',
  'token-shared': 'warning',
  'token-weak': 'warning',
  'open-end': 'warning',
  'too-wide': 'warning',
  'never-matches': 'warning',
  catastrophic: 'warning',
  'sender-grammar': 'warning',
  'url-address': 'warning',
  'url-port': 'warning',
  'url-path': 'warning',
  'nothing-sent': 'warning',
  misspelt: 'warning',
  'no-underscore': 'note',
  'rooms-exclusive': 'note',
  'sender-outside': 'note',
  'url-localhost': 'note',
  'url-elsewhere': 'note',
  'rate-limited': 'note',
  elsewhere: 'note',
  undecided: 'note',
} as const;

/** Name of a kind of finding. */
export type FindingCode = keyof typeof findingLevels;
/** How bad it is. */
export type FindingLevel = (typeof findingLevels)[FindingCode];

/** One finding about one registration. */
export interface Finding {
  readonly code: FindingCode;
  readonly level: FindingLevel;
  /** Id of the registration. */
  readonly id: string;
  /** Where it stands in the file, such as `namespaces.users[0].regex`. */
  readonly path: string;
  readonly reason: string;
  /** An id that shows it; the pattern at `path` is true of it, as this server runs it, unless the reason says otherwise. */
  readonly sample?: string;
  /** The other registration that it is about. */
  readonly other?: { readonly id: string; readonly path: string };
}

/** Takes a finding about one registration. */
export type Report = (
  code: FindingCode,
  path: string,
  reason: string,
  more?: Pick<Finding, 'sample' | 'other'>,
) => void;

/** Collects findings about one registration. */
export function reporter(id: string, into: Finding[]): Report {
  return (code, path, reason, more = {}) => into.push({ code, level: findingLevels[code], id, path, reason, ...more });
}
