// `pons appservice list|pause|resume|set-aside|replay|explain`: the delivery to application services of a running server.

import { Command } from 'commander';
import { call, located, momentMs, pathOf, type Where } from './appservice-calls.ts';
import { printTable } from './print-table.ts';

interface Status {
  readonly id: string;
  readonly status: string;
  readonly queue_depth: number;
  readonly oldest_unacknowledged_ms: number | null;
  readonly delivered_events: number;
  readonly retries: number;
  readonly set_aside: number;
  readonly last_error: string | null;
}
interface Listing {
  readonly appservices: readonly Status[];
  readonly refused: readonly { file: string; line: number; path: string; reason: string }[];
  readonly removed: readonly string[];
}

/** The commands. */
export function deliveryCommands(): Command[] {
  const one = (name: string, description: string, run: (where: Where, id: string) => Promise<void>) =>
    located(new Command(name).description(description).argument('<id>', 'id of the application service')).action(
      (id: string, where: Where) => run(where, id),
    );
  return [
    located(new Command('list').description('state, queue and last error of each; files that are refused')).action(
      list,
    ),
    one('pause', 'send nothing more to it; events wait', (where, id) =>
      done(where, `${pathOf(id)}/pause`, `${id}: paused; its events wait`),
    ),
    one('resume', 'send again', (where, id) => done(where, `${pathOf(id)}/resume`, `${id}: resumed`)),
    one('set-aside', 'list the events that it refused', async (where, id) => {
      console.log(JSON.stringify(await call(where, 'GET', `${pathOf(id)}/set_aside`), undefined, 2));
    }),
    replayCommand(),
    explainCommand(),
  ];
}

function replayCommand(): Command {
  return located(
    new Command('replay')
      .description('send again what was set aside, or every event from a place or time on')
      .argument('<id>', 'id of the application service')
      .option('--after <position>', 'everything after this position of the stream')
      .option('--since <time>', 'everything since then: a date, or 2h for the last two hours'),
  ).action(async (id: string, where: Where & { after?: string; since?: string }) => {
    if (where.after === undefined && where.since === undefined)
      return done(where, `${pathOf(id)}/set_aside/replay`, `${id}: what was set aside is sent again`);
    const place =
      where.after === undefined
        ? { since_ts: momentMs(where.since ?? '', Date.now(), -1) }
        : { after_position: Number(where.after) };
    return done(where, `${pathOf(id)}/replay`, `${id}: sent again from there, before anything new`, place);
  });
}

function explainCommand(): Command {
  return located(
    new Command('explain')
      .description('why an event was or was not sent to it')
      .argument('<id>', 'id of the application service')
      .requiredOption('--room <room id>', 'room of the event')
      .requiredOption('--event <event id>', 'the event'),
  ).action(async (id: string, where: Where & { room: string; event: string }) => {
    const query = new URLSearchParams({ room: where.room, event: where.event });
    const answer = await call<{ verdict: string; text: string }>(
      where,
      'GET',
      `${pathOf(id)}/explain?${query.toString()}`,
    );
    console.log(where.json ? JSON.stringify(answer) : `${answer.verdict}: ${answer.text}`);
  });
}

async function list(where: Where): Promise<void> {
  const listing = await call<Listing>(where, 'GET', '');
  if (where.json) return console.log(JSON.stringify(listing.appservices));
  printTable(
    ['id', 'state', 'waiting', 'oldest ms', 'delivered', 'retries', 'set aside', 'last error'],
    listing.appservices.map((one) => [
      one.id,
      one.status,
      one.queue_depth,
      one.oldest_unacknowledged_ms,
      one.delivered_events,
      one.retries,
      one.set_aside,
      one.last_error,
    ]),
  );
  for (const { file, line, path, reason } of listing.refused)
    console.log(`refused: ${file}:${line}: ${path === '' ? '' : `${path}: `}${reason}`);
  for (const id of listing.removed)
    console.log(`removed, its users are still there: ${id} (pons appservice ghosts ${id})`);
}

async function done(where: Where, below: string, said: string, body: object = {}): Promise<void> {
  const answer = await call(where, 'POST', below, body);
  console.log(where.json ? JSON.stringify(answer) : said);
}
