// `pons appservice list|pause|resume|set-aside|replay`: looks after the delivery to application services of a running server, through
// its admin API and an administrator's access token.

import { OperatorError } from '@pons/homeserver';
import { Command } from 'commander';

interface Where {
  readonly server: string;
  readonly token?: string;
  readonly json?: boolean;
}

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

/** The command. */
export function appserviceCommand(): Command {
  const command = new Command('appservice').description('look after the delivery to application services');
  const one = (name: string, description: string, run: (where: Where, id: string) => Promise<void>) =>
    command.addCommand(
      located(new Command(name).description(description).argument('<id>', 'id of the application service')).action(
        (id: string, where: Where) => run(where, id),
      ),
    );
  command.addCommand(
    located(new Command('list').description('state, queue and last error of each')).action((where: Where) =>
      list(where),
    ),
  );
  one('pause', 'send nothing more to it; events wait', (where, id) =>
    done(where, `${path(id)}/pause`, `${id}: paused; its events wait`),
  );
  one('resume', 'send again', (where, id) => done(where, `${path(id)}/resume`, `${id}: resumed`));
  one('set-aside', 'list the events that it refused', async (where, id) => {
    console.log(JSON.stringify(await call(where, 'GET', `${path(id)}/set_aside`), undefined, 2));
  });
  one('replay', 'send again what was set aside', (where, id) => done(where, `${path(id)}/set_aside/replay`));
  return command;
}

function located(command: Command): Command {
  return command
    .option('--server <url>', 'where the admin API listens', 'http://127.0.0.1:8008')
    .option(
      '--token <token>',
      "access token of an administrator, from a login or a Matrix client's settings (default: $PONS_TOKEN)",
    )
    .option('--json', 'print what the server answers');
}

const path = (id: string) => `/${encodeURIComponent(id)}`;

async function list(where: Where): Promise<void> {
  const { appservices } = (await call(where, 'GET', '')) as { appservices: readonly Status[] };
  if (where.json) return console.log(JSON.stringify(appservices));
  for (const one of appservices) {
    const lag = one.oldest_unacknowledged_ms === null ? '' : `, oldest ${one.oldest_unacknowledged_ms} ms`;
    const aside = one.set_aside === 0 ? '' : `, ${one.set_aside} set aside`;
    const error = one.last_error === null ? '' : `, last error: ${one.last_error}`;
    console.log(
      `${one.id}: ${one.status}, ${one.queue_depth} waiting${lag}, ${one.delivered_events} delivered${aside}${error}`,
    );
  }
}

async function done(where: Where, below: string, said?: string): Promise<void> {
  const answer = await call(where, 'POST', below, {});
  console.log(said === undefined || where.json ? JSON.stringify(answer) : said);
}

async function call({ server, token }: Where, method: string, below: string, body?: object): Promise<unknown> {
  const secret = token ?? process.env['PONS_TOKEN'];
  if (secret === undefined) throw new OperatorError(["give an administrator's access token: --token or PONS_TOKEN"]);
  const url = `${server.replace(/\/+$/, '')}/_pons/admin/v1/appservices${below}`;
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new OperatorError([`${server} cannot be reached: is the server running?`], { cause: error });
  });
  const answer = (await response.json()) as { error?: string };
  if (!response.ok) throw new OperatorError([`${response.status}: ${answer.error ?? 'refused'}`]);
  return answer;
}
