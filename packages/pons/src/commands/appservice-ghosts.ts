// `pons appservice ghosts`: the users of an application service, listed, ended, purged or taken out of their rooms, also when the
// application service is gone. Work goes by pages, so that a stop half-way loses nothing and shows how far it is.

import { Command, InvalidArgumentError } from 'commander';
import { OperatorError } from '@pons/homeserver/operator-error';
import { call, located, pathOf, sourceOf, type Where } from './appservice-calls.ts';
import { counted } from './in-words.ts';
import { printTable } from './print-table.ts';
import { wholeNumber } from './whole-number.ts';

/** What is done with them. */
export type CleanUpAction = 'deactivate' | 'purge' | 'leave' | 'aliases';

/** What was done, to how many. */
export const doneInWords: Readonly<Record<CleanUpAction, (count: number) => string>> = {
  deactivate: (count) => `${counted(count, 'user')} deactivated`,
  purge: (count) => `${counted(count, 'user')} purged`,
  leave: (count) => `${counted(count, 'user')} taken out of all rooms`,
  aliases: (count) => `${counted(count, 'alias', 'aliases')} removed`,
};

interface Ghost {
  readonly user_id: string;
  readonly displayname: string | null;
  readonly created_ts: number;
  readonly deactivated: boolean;
  readonly rooms: number;
  readonly sender?: boolean;
}
interface Options extends Where {
  readonly pattern?: string;
  readonly limit: number;
  readonly deactivate: boolean;
  readonly purge: boolean;
  readonly leave: boolean;
}

/** The command. */
export function ghostsCommand(): Command {
  return located(
    new Command('ghosts')
      .description('list its users, or end them')
      .argument('<id>', 'id of the application service, running or removed')
      .option('--pattern <regex>', 'only those whose user id matches, from its start on', patternOf)
      .option('--limit <count>', 'list at most so many', wholeNumber(1), 100)
      .option('--deactivate', 'end their accounts for good: they leave their rooms', false)
      .option('--purge', 'end them, their profiles and devices too: their ids may be registered anew', false)
      .option('--leave', 'take them out of their rooms', false),
  ).action(async (id: string, options: Options) => {
    const actions = (['deactivate', 'purge', 'leave'] as const).filter((action) => options[action]);
    if (actions.length > 1) throw new OperatorError([`one thing at a time: --${actions.join(' or --')}`]);
    await sourceOf(options, id); // one that is not known has no empty list
    const [action] = actions;
    if (action === undefined) return list(id, options);
    const done = await cleanUpAll(options, id, { action, pattern: options.pattern });
    console.log(options.json ? JSON.stringify({ [action]: done }) : `${id}: ${doneInWords[action](done)}`);
  });
}

// A shell's variable that is not set: not everybody.
function patternOf(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty: leave it out for all of them.');
  return text;
}

async function list(id: string, options: Options): Promise<void> {
  const found: Ghost[] = [];
  const wanted = options.limit;
  let total = 0;
  for (let from: string | undefined = ''; from !== undefined && found.length < wanted; ) {
    const query = new URLSearchParams({ from, ...(options.pattern === undefined ? {} : { pattern: options.pattern }) });
    const below = `${pathOf(id)}/ghosts?${query.toString()}`;
    const page: { ghosts: Ghost[]; total?: number; next?: string } = await call(options, 'GET', below);
    found.push(...page.ghosts);
    total = page.total ?? total;
    from = page.next;
  }
  const shown = found.slice(0, wanted);
  if (options.json) return console.log(JSON.stringify({ ghosts: shown, total }));
  printTable(
    ['user', 'name', 'rooms', 'since', ''],
    shown.map((ghost) => [
      ghost.user_id,
      ghost.displayname,
      ghost.rooms,
      new Date(ghost.created_ts).toISOString().slice(0, 10),
      ghost.deactivated ? 'deactivated' : ghost.sender === true ? 'its own user' : '',
    ]),
  );
  console.log(`${shown.length} of ${total}`);
}

/** Does it page by page, and says on a terminal how far it is. @returns how many it was done with */
export async function cleanUpAll(
  where: Where,
  id: string,
  asked: { readonly action: CleanUpAction; readonly pattern?: string | undefined },
): Promise<number> {
  const { total } = await call<{ total: number }>(where, 'GET', `${pathOf(id)}/ghosts?limit=1`);
  let done = 0;
  let seen = 0;
  for (let from: string | undefined = ''; from !== undefined; ) {
    const body = { action: asked.action, from, ...(asked.pattern === undefined ? {} : { pattern: asked.pattern }) };
    const page: { done: number; seen: number; next?: string } = await call(
      where,
      'POST',
      `${pathOf(id)}/clean_up`,
      body,
    );
    done += page.done;
    seen += page.seen;
    from = page.next;
    if (process.stderr.isTTY)
      process.stderr.write(`\r${asked.action}: ${seen}${asked.action === 'aliases' ? '' : ` of ${total}`} `);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return done;
}
