// `pons room list|delete|purge`: the rooms of a running server, and what no longer needs to be kept of them.

import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { OperatorError } from '@pons/homeserver/operator-error';
import { callAdmin, located, momentMs, Refusal, type Where } from './appservice-calls.ts';
import { printTable } from './print-table.ts';
import { wholeNumber } from './whole-number.ts';

interface Room {
  readonly room_id: string;
  readonly room_version: string;
  readonly joined: number;
  readonly local_members: number;
  readonly published: boolean;
  readonly last_event_ts: number | null;
  readonly purged_events?: number;
}

const pathOf = (roomId: string) => `/rooms/${encodeURIComponent(roomId)}`;

/** The command. */
export function roomCommand(): Command {
  return new Command('room')
    .description('list rooms, delete rooms and history')
    .addCommand(
      located(
        new Command('list')
          .description('rooms that this server knows')
          .option('--empty', 'only those in which nobody of this server is', false)
          .option('--limit <count>', 'list at most so many', wholeNumber(1), 100),
      ).action(list),
    )
    .addCommand(
      located(
        new Command('delete')
          .description('delete a room from this server; its media stay')
          .argument('<room>', 'room id')
          .option('--remove-members', 'take users of this server out of it first', false)
          .option('--yes', 'do not ask', false),
      ).action(remove),
    )
    .addCommand(
      located(
        new Command('purge')
          .description('delete the history of a room; its state and media stay')
          .argument('<room>', 'room id')
          .option('--before <event>', 'everything before this event')
          .option('--older-than <time>', 'everything older: 90d, or a date')
          .option('--yes', 'do not ask', false),
      ).action(purge),
    );
}

async function list(options: Where & { readonly empty: boolean; readonly limit: number }): Promise<void> {
  const wanted = options.limit;
  const found: Room[] = [];
  for (let from: string | undefined = ''; from !== undefined && found.length < wanted; ) {
    const page: { rooms: Room[]; next?: string } = await callAdmin(
      options,
      'GET',
      `/rooms?${new URLSearchParams({ from }).toString()}`,
    );
    found.push(...page.rooms.filter((room) => !options.empty || room.local_members === 0));
    from = page.next;
  }
  const rooms = found.slice(0, wanted);
  if (options.json) return console.log(JSON.stringify({ rooms }));
  if (rooms.length === 0)
    return console.log(
      options.empty ? 'in every room of this server there is somebody of it' : 'this server knows no room yet',
    );
  printTable(
    ['room', 'version', 'members', 'of this server', 'last event', ''],
    rooms.map((room) => [
      room.room_id,
      room.room_version,
      room.joined,
      room.local_members,
      room.last_event_ts === null ? '' : new Date(room.last_event_ts).toISOString().slice(0, 10),
      room.purged_events === undefined ? '' : `purging: ${room.purged_events} events so far`,
    ]),
  );
}

async function remove(
  roomId: string,
  options: Where & { readonly removeMembers: boolean; readonly yes: boolean },
): Promise<void> {
  await confirm(options, `Delete ${roomId} and everything in it from this server?`);
  await callAdmin(options, 'DELETE', `${pathOf(roomId)}?remove_members=${options.removeMembers}`).catch(
    (error: unknown) => {
      throw error instanceof Refusal ? new OperatorError(error.lines.map(asFlag), { cause: error }) : error;
    },
  );
  console.log(options.json ? '{}' : `${roomId}: deleted; what it occupied is freed in the background`);
}

// The server speaks of its own parameter.
const asFlag = (line: string) => line.replace('remove_members=true', '--remove-members');

async function purge(
  roomId: string,
  options: Where & { readonly before?: string; readonly olderThan?: string; readonly yes: boolean },
): Promise<void> {
  const { before, olderThan } = options;
  if ((before === undefined) === (olderThan === undefined))
    throw new OperatorError(['give either --before EVENT or --older-than TIME']);
  const body =
    olderThan === undefined ? { before_event_id: before } : { before_ts: momentMs(olderThan, Date.now(), -1) };
  await confirm(options, `Delete the history of ${roomId} ${before ?? `older than ${olderThan}`}?`);
  await callAdmin(options, 'POST', `${pathOf(roomId)}/purge_history`, body);
  console.log(options.json ? '{}' : `${roomId}: history is deleted in the background (pons room list shows how far)`);
}

/** Asks on a terminal. @throws OperatorError for a no, and without a terminal where --yes is missing */
async function confirm({ yes }: { readonly yes: boolean }, question: string): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new OperatorError(['it cannot be undone: pass --yes']);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} It cannot be undone. [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new OperatorError(['nothing was done']);
}
