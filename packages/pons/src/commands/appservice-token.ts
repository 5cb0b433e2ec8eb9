// `pons appservice token`: a token made from an as_token that can do less: some ghosts, some rooms, some kinds of calls, until a time.
// For a process that helps a bridge and should not have everything.

import { Command } from 'commander';
import { call, located, momentMs, pathOf, refusedFor, type Where } from './appservice-calls.ts';
import { collect } from './configured.ts';

interface Options extends Where {
  readonly ghost: readonly string[];
  readonly room: readonly string[];
  readonly kind: readonly string[];
  readonly until?: string;
}

/** The command. */
export function tokenCommand(): Command {
  return located(
    new Command('token')
      .description('a token that can do less than the as_token it is made from, and ends with it')
      .argument('<id>', 'id of the application service')
      .option('--ghost <user id>', 'it acts as this user alone (may be repeated)', collect, [])
      .option('--room <room id>', 'for calls about this room alone (may be repeated)', collect, [])
      .option('--kind <kind>', 'read, send, membership, rooms, profile, media, settings or account', collect, [])
      .option('--until <time>', 'good until then: a date, or 2h from now'),
  ).action(async (id: string, options: Options) => {
    const { ghost, room, kind, until } = options;
    const answer = await call<{ token: string; until_ts?: number }>(options, 'POST', `${pathOf(id)}/token`, {
      ...(ghost.length === 0 ? {} : { ghosts: ghost }),
      ...(room.length === 0 ? {} : { rooms: room }),
      ...(kind.length === 0 ? {} : { kinds: kind }),
      ...(until === undefined ? {} : { until_ts: momentMs(until, Date.now(), 1) }),
    }).catch((error: unknown) => {
      throw refusedFor(error, 'until_ts', `--until is ${until}: it must lie ahead, within ten years`);
    });
    console.log(options.json ? JSON.stringify(answer) : answer.token);
  });
}
