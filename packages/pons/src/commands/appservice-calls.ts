// What all commands of `pons appservice` and `pons room` share: where the server is, by whose token, and one call of its admin API. What the server
// refuses is the operator's to mend: its text says what to do.

import { OperatorError } from '@pons/homeserver/operator-error';
import type { Command } from 'commander';

/** Where and how. */
export interface Where {
  readonly server: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** Gives a command the options of `Where`. */
export function located(command: Command): Command {
  return command
    .option('--server <url>', 'where the admin API listens', 'http://127.0.0.1:8008')
    .option(
      '--token <token>',
      'access token of an administrator, as `pons user token` prints it (default: $PONS_TOKEN)',
    )
    .option('--json', 'print what the server answers');
}

/** Path of one application service, below that of all. */
export const pathOf = (id: string) => `/${encodeURIComponent(id)}`;

/** The server refused. */
export class Refusal extends OperatorError {
  readonly status: number;
  /** What it says besides the error. */
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(status: number, fields: Readonly<Record<string, unknown>>) {
    const reason = typeof fields['error'] === 'string' ? fields['error'] : 'refused';
    super([`${status}: ${reason}${fields['errcode'] === 'M_UNKNOWN_TOKEN' ? ' (pons user token NAME)' : ''}`]);
    this.status = status;
    this.fields = fields;
  }
}

/** What the server says of a field, said of the option that was typed; any other error as it is. */
export function refusedFor(error: unknown, field: string, words: string): unknown {
  const isMeant = error instanceof Refusal && error.lines.some((line) => line.includes(field));
  return isMeant ? new OperatorError([words], { cause: error }) : error;
}

/** One call below /_pons/admin/v1/appservices. @throws OperatorError */
export function call<T = unknown>(where: Where, method: string, below: string, body?: object): Promise<T> {
  return callAdmin(where, method, `/appservices${below}`, body);
}

const signInFirst =
  'sign in first: export PONS_TOKEN=$(pons user token NAME), as an administrator (in a checkout: npx -y pnpm@12.21.0 --silent pons user token NAME)';

/** One call of the admin API, below /_pons/admin/v1. @throws OperatorError */
export async function callAdmin<T = unknown>(where: Where, method: string, below: string, body?: object): Promise<T> {
  const { server, token } = where;
  const secret = token ?? process.env['PONS_TOKEN'];
  if (secret === undefined || secret === '') throw new OperatorError([signInFirst]);
  return callServer(server, method, `/_pons/admin/v1${below}`, {
    token: secret,
    ...(body === undefined ? {} : { body }),
  });
}

/** One call of any of the server's APIs. @throws OperatorError */
export async function callServer<T = unknown>(
  server: string,
  method: string,
  path: string,
  { token, body }: { readonly token?: string; readonly body?: object },
): Promise<T> {
  if (!/^https?:\/\/[^/]/.test(server) || !URL.canParse(server))
    throw new OperatorError([`--server is ${server}: write a URL such as http://127.0.0.1:8008`]);
  const response = await fetch(`${server.replace(/\/+$/, '')}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new OperatorError([`${server} cannot be reached: is the server running?`], { cause: error });
  });
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>; // a proxy answers in its own form
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer as T;
}

/** `database`, the file that owns it, or undefined for one that is gone and left users behind. @throws Refusal for one that never was */
export async function sourceOf(where: Where, id: string): Promise<string | undefined> {
  try {
    return (await call<{ source: string }>(where, 'GET', pathOf(id))).source;
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
    const { total } = await call<{ total: number }>(where, 'GET', `${pathOf(id)}/ghosts?limit=1`);
    if (total === 0) throw error;
    return undefined;
  }
}

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of `90s`, `30m`, `1h`, `7d`. @throws OperatorError */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined) throw new OperatorError([`${text} is no duration: write 90s, 30m, 1h or 7d`]);
  return Math.round(Number(count) * units[unit as keyof typeof units]);
}

/** Milliseconds since 1970 of a date (`2026-12-24T18:00Z`), or of a duration from now on. @throws OperatorError */
export function momentMs(text: string, now: number, direction: 1 | -1): number {
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(text)) return now + direction * durationMs(text);
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new OperatorError([`${text} is neither a date (2026-12-24T18:00Z) nor a duration (1h)`]);
  return at;
}
