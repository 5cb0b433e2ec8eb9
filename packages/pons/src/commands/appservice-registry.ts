// `pons appservice add|rotate|remove`: application services come, change and go while the server runs.

import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { OperatorError } from '@pons/homeserver/operator-error';
import { Command } from 'commander';
import { onDisk, readText } from '../on-disk.ts';
import { ask } from './ask.ts';
import { call, durationMs, located, pathOf, Refusal, refusedFor, sourceOf, type Where } from './appservice-calls.ts';
import { cleanUpAll, type CleanUpAction, doneInWords } from './appservice-ghosts.ts';
import { minuteOf, span } from './in-words.ts';

/** The commands. */
export function registryCommands(): Command[] {
  const id = (command: Command) => located(command.argument('<id>', 'id of the application service'));
  return [
    located(
      new Command('add')
        .description('register an application service, from now on and over restarts')
        .argument('<file>', 'its registration.yaml')
        .option('--dry-run', 'only say what would be refused or is unwise', false)
        .option('--replace', 'put this in place of the one with its id', false),
    ).action(add),
    id(
      new Command('rotate')
        .description('give it new tokens; the old as_token lives on for a while')
        .option('--overlap <duration>', 'for how long (0s: not at all)', '1h')
        .option('--out <file>', 'write the whole new registration there, readable by its owner only')
        .option('--end-overlap', 'no new tokens: end the life of the old ones now', false),
    ).action(rotate),
    id(
      new Command('remove')
        .description('remove one that was added; or tidy up after one whose file was deleted')
        .option('--ghosts <keep|deactivate|purge>', 'what becomes of its users')
        .option('--rooms <keep|leave>', 'whether its users stay in their rooms')
        .option('--aliases <keep|remove>', 'what becomes of the aliases that they made'),
    ).action(remove),
  ];
}

interface Added {
  readonly id: string;
  readonly sender: string;
  readonly warnings: readonly { readonly id: string; readonly path: string; readonly reason: string }[];
}

async function add(file: string, where: Where & { dryRun: boolean; replace: boolean }): Promise<void> {
  const body = { registration: readText(file), dry_run: where.dryRun, replace: where.replace };
  const answer = await call<Added>(where, 'POST', '', body).catch((error: unknown) => {
    throw error instanceof Refusal ? withLines(error, file) : error;
  });
  if (where.json) return console.log(JSON.stringify(answer));
  for (const { id, path, reason } of answer.warnings) console.log(`warning: ${id}: ${path}: ${reason}`);
  console.log(where.dryRun ? `${answer.id}: would be added` : `${answer.id}: added; it acts as ${answer.sender}`);
}

// The server knows lines, not the name of the file.
function withLines(refusal: Refusal, file: string): OperatorError {
  const { complaints } = refusal.fields as {
    complaints?: readonly { line: number; path: string; reason: string }[];
  };
  if (complaints === undefined) return refusal;
  return new OperatorError(
    complaints.map(({ line, path, reason }) => `${file}:${line}: ${path === '' ? '' : `${path}: `}${reason}`),
    { cause: refusal },
  );
}

interface Rotated {
  readonly as_token: string;
  readonly hs_token: string;
  readonly old_as_token_until_ts: number;
  readonly registration: string;
}

/** Tokens are secrets of 256 bits. */
const tokenBytes = 32;
const secretMode = 0o600;

async function rotate(
  id: string,
  where: Where & { overlap: string; out?: string; endOverlap: boolean },
): Promise<void> {
  if (where.endOverlap) {
    await call(where, 'POST', `${pathOf(id)}/end_overlap`, {});
    return console.log(where.json ? '{}' : `${id}: only its present as_token is good`);
  }
  const overlapMs = durationMs(where.overlap);
  const overlap = { overlap_ms: overlapMs };
  const answer = await call<Rotated>(where, 'POST', `${pathOf(id)}/rotate`, overlap).catch((error: unknown) => {
    const named = refusedFor(error, 'overlap_ms', `--overlap is ${where.overlap}: write 0s to 30d`);
    throw named instanceof Refusal ? withFreshTokens(named) : named;
  });
  // They are new already: whatever becomes of the file, somebody must learn what they are.
  const problem = where.out === undefined ? undefined : problemOfWriting(where.out, answer.registration);
  const inFile = where.out !== undefined && problem === undefined;
  if (where.json) console.log(JSON.stringify(answer));
  else if (inFile) console.log(`${id}: its new registration is in ${where.out}`);
  else console.log(`as_token: ${answer.as_token}\nhs_token: ${answer.hs_token}`);
  if (problem !== undefined) throw problem;
  if (where.json) return;
  const until =
    overlapMs === 0
      ? 'its old as_token is good for nothing any more'
      : `its old as_token is good for ${span(overlapMs)}, until ${minuteOf(answer.old_as_token_until_ts)}`;
  console.log(`Give ${inFile ? 'it' : 'them'} to the application service: ${until}.`);
  console.log('What is sent to it carries the new hs_token, and the old one while it refuses that.');
}

function problemOfWriting(file: string, text: string): unknown {
  try {
    onDisk(
      file,
      () => {
        // The mode is only for a file that is made.
        if (existsSync(file)) chmodSync(file, secretMode);
        writeFileSync(file, text, { mode: secretMode });
      },
      { ENOENT: 'its folder does not exist' },
    );
    return undefined;
  } catch (problem) {
    return problem;
  }
}

// A file is changed by its owner; two secrets are all that is missing.
function withFreshTokens(refusal: Refusal): OperatorError {
  const { file } = refusal.fields;
  if (typeof file !== 'string') return refusal;
  const secret = () => randomBytes(tokenBytes).toString('hex');
  return new OperatorError([...refusal.lines, `as_token: ${secret()}`, `hs_token: ${secret()}`], { cause: refusal });
}

interface Fate {
  readonly ghosts: 'keep' | 'deactivate' | 'purge';
  readonly rooms: 'keep' | 'leave';
  readonly aliases: 'keep' | 'remove';
}
const fates = {
  ghosts: { keep: 'stay as they are', deactivate: 'end for good', purge: 'end, profiles and devices too' },
  rooms: { keep: 'its users stay in them', leave: 'its users leave them' },
  aliases: { keep: 'stay', remove: 'go' },
} as const;

async function remove(id: string, where: Where & Partial<Fate>): Promise<void> {
  const source = await sourceOf(where, id);
  // Before anything is asked: a file is removed by deleting it.
  if (source !== undefined && source !== 'database')
    throw new OperatorError([
      `${id} belongs to the file ${source}: delete the file, then run this again for what it leaves behind`,
    ]);
  assertDecided(where);
  const fate: Fate = {
    ghosts: await decide('ghosts', where.ghosts),
    rooms: await decide('rooms', where.rooms),
    aliases: await decide('aliases', where.aliases),
  };
  // An id is only free for another life while the service still claims it; what it makes meanwhile ends with the rest, below.
  if (source !== undefined && fate.ghosts === 'purge') await cleanUpAll(where, id, { action: 'purge' });
  if (source !== undefined) await call(where, 'DELETE', pathOf(id));
  const actions: CleanUpAction[] = [
    ...(fate.aliases === 'remove' ? (['aliases'] as const) : []),
    ...(fate.ghosts === 'keep' ? (fate.rooms === 'leave' ? (['leave'] as const) : []) : ([fate.ghosts] as const)),
  ];
  const done: Partial<Record<CleanUpAction, number>> = {};
  for (const action of actions) done[action] = await cleanUpAll(where, id, { action });
  if (where.json) return console.log(JSON.stringify({ removed: source !== undefined, ...done }));
  console.log(source === undefined ? `${id}: was removed before` : `${id}: removed; its tokens are good for nothing`);
  for (const action of actions) console.log(`${id}: ${doneInWords[action](done[action] ?? 0)}`);
  if (fate.ghosts === 'keep') console.log(`Its users are still there: pons appservice ghosts ${id}`);
}

/** Without a terminal nothing can be asked: all that is missing is told at once. @throws OperatorError */
function assertDecided(given: Partial<Fate>): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  const missing = (Object.keys(fates) as (keyof Fate)[]).filter((what) => given[what] === undefined);
  if (missing.length === 0) return;
  const flags = missing.map((what) => `--${what} ${Object.keys(fates[what]).join('|')}`);
  throw new OperatorError([`say what becomes of its ${missing.join(', ')}: ${flags.join(' ')}`]);
}

async function decide<K extends keyof Fate>(what: K, given: string | undefined): Promise<Fate[K]> {
  const choices = Object.keys(fates[what]);
  if (given !== undefined) {
    if (choices.includes(given)) return given as Fate[K];
    throw new OperatorError([`--${what} is ${choices.join(' or ')}, not ${given}`]);
  }
  const { select } = await import('@clack/prompts');
  const options = Object.entries(fates[what]).map(([value, hint]) => ({ value, label: `${value}: ${hint}` }));
  const chosen = await ask((signal) => select({ message: `Its ${what}`, options, signal }));
  if (chosen === undefined) throw new OperatorError(['nothing was removed']);
  return chosen as Fate[K];
}
