// `pons appservice list|pause|resume|set-aside|replay|explain`: the delivery to application services of a running server.

import { OperatorError } from '@pons/homeserver/operator-error';
import { Command } from 'commander';
import { call, located, momentMs, pathOf, type Where } from './appservice-calls.ts';
import { lastError, oldest, type Status } from './appservice-status.ts';
import { ago, counted } from './in-words.ts';
import { printTable } from './print-table.ts';
import { wholeNumber } from './whole-number.ts';

interface Replay {
  readonly after_position: number | null;
  readonly up_to_position: number | null;
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
    one('set-aside', 'list the events that it refused', listSetAside),
    replayCommand(),
    explainCommand(),
  ];
}

function replayCommand(): Command {
  return located(
    new Command('replay')
      .description('send again what was set aside, or every event from a place or time on')
      .argument('<id>', 'id of the application service')
      .option('--after <position>', 'everything after this position of the stream', wholeNumber(0))
      .option('--since <time>', 'everything since then: a date, or 2h for the last two hours'),
  ).action(replay);
}

async function replay(id: string, where: Where & { after?: number; since?: string }): Promise<void> {
  const { after, since } = where;
  if (after !== undefined && since !== undefined) throw new OperatorError(['give either --after or --since']);
  if (after === undefined && since === undefined) {
    const answer = await call<{ replaying: number }>(where, 'POST', `${pathOf(id)}/set_aside/replay`, {});
    if (where.json) return console.log(JSON.stringify(answer));
    const { replaying: count } = answer;
    return console.log(
      count === 0 ? `${id}: nothing was set aside` : `${id}: ${counted(count, 'event')} set aside, now sent again`,
    );
  }
  const place = since === undefined ? { after_position: after } : { since_ts: momentMs(since, Date.now(), -1) };
  const answer = await call<Replay>(where, 'POST', `${pathOf(id)}/replay`, place);
  if (where.json) return console.log(JSON.stringify(answer));
  const { after_position: from, up_to_position: to } = answer;
  console.log(
    from === null || to === null || from >= to
      ? `${id}: nothing from there on was sent to it yet`
      : `${id}: what concerns it from position ${from + 1} to ${to} of the stream is sent again, before anything new`,
  );
}

interface SetAside {
  readonly position: number;
  readonly reason: string;
  readonly set_aside_ts: number;
  readonly replaying: boolean;
  /** null: it has been purged since. */
  readonly event: { readonly type: string; readonly sender: string; readonly room_id?: string } | null;
}

async function listSetAside(where: Where, id: string): Promise<void> {
  const answer = await call<{ set_aside: readonly SetAside[] }>(where, 'GET', `${pathOf(id)}/set_aside`);
  if (where.json) return console.log(JSON.stringify(answer));
  const { set_aside: events } = answer;
  if (events.length === 0) return console.log(`${id}: nothing was set aside`);
  const now = Date.now();
  printTable(
    ['position', 'event', 'sender', 'room', 'when', 'reason'],
    events.map(({ position, event, set_aside_ts: ts, reason, replaying }) => [
      position,
      event?.type ?? 'purged since',
      event?.sender,
      event?.room_id,
      ago(ts, now),
      `${reason}${replaying ? ' (now sent again)' : ''}`,
    ]),
  );
  const { set_aside: count } = await call<Status>(where, 'GET', pathOf(id));
  if (count > events.length) console.log(`the first ${events.length} of ${count}`);
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
  if (listing.appservices.length === 0) console.log('no application service is registered (pons appservice add FILE)');
  const now = Date.now();
  printTable(
    ['id', 'state', 'waiting', 'oldest', 'delivered', 'retries', 'set aside', 'last error'],
    listing.appservices.map((one) => [
      one.id,
      one.status,
      one.queue_depth,
      oldest(one),
      one.delivered_events,
      one.retries,
      one.set_aside,
      lastError(one, now),
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
