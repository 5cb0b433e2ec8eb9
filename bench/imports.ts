// What application services bring in numbers: ghosts that join one by one and in bulk, and history in batches, each beside an ordinary
// send in the same run. Ratios of CPU are what counts.
import { randomBytes } from 'node:crypto';
import { caller, inParallel } from './measure.ts';
import { describe, Listener, type Log, type Phase, phase, type Target } from './workload.ts';

export interface ImportSize {
  readonly warmUp: number;
  readonly messages: number;
  /** Ghosts that join by ordinary requests, and in bulk. */
  readonly ghosts: number;
  /** Events of history; 0: that part is left out. */
  readonly history: number;
  /** With what localparts of ghosts begin. */
  readonly prefix?: string;
}

const v3 = '/_matrix/client/v3';
const enc = encodeURIComponent;
const width = 16;
const bulkGhosts = 1_000;
const batchEvents = 500;

/** Runs it; CPU per ghost and per event. */
export async function runImports(target: Target, size: ImportSize, log: Log): Promise<Record<string, Phase>> {
  const { call, close } = caller(target.base);
  const token = target.asToken;
  const run = randomBytes(3).toString('hex');
  const phases: Record<string, Phase> = {};
  const listener = new Listener(target.asPort);
  await listener.listen();
  const measure = async (
    name: string,
    options: { count: number; width: number; each: number },
    work: (index: number) => Promise<unknown>,
  ) => {
    const activity = () => listener.received;
    const measured = await phase(target.pid, { ...options, activity }, work);
    const [server, database] = measured.cpuMs;
    phases[name] = {
      ...measured,
      count: measured.count * options.each,
      perSecond: measured.perSecond * options.each,
      cpuMs: [server / options.each, database / options.each],
    };
    log(`pons    ${name}: ${describe(phases[name])}`);
  };
  const newRoom = async () =>
    (await call<{ room_id: string }>('POST', `${v3}/createRoom`, { token, body: { preset: 'public_chat' } })).room_id;
  const bulk = (ghosts: readonly object[]) =>
    call('POST', '/_pons/client/v1/appservice/ghosts', { token, body: { ghosts } });
  const name = (kind: string, index: number) => `${size.prefix ?? 'bench_'}${run}_${kind}${index}`;
  const userId = (kind: string, index: number) => `@${name(kind, index)}:${target.serverName}`;
  const many = (kind: string, count: number, more: object) =>
    Array.from({ length: count }, (_, index) => ({
      localpart: name(kind, index),
      displayname: `Ghost ${index}`,
      ...more,
    }));

  let txn = 0;
  const room = await newRoom();
  await bulk(many('sender', 1, { rooms: [room] }));
  await bulk(many('one', size.ghosts, {}));
  const send = () =>
    call(
      'PUT',
      `${v3}/rooms/${enc(room)}/send/m.room.message/${run}-${(txn += 1)}?user_id=${enc(userId('sender', 0))}&ts=${Date.now()}`,
      { token, body: { msgtype: 'm.text', body: 'The quick brown fox jumps over the lazy dog.' } },
    );
  await inParallel(size.warmUp, width, send);
  await measure('send', { count: size.messages, width, each: 1 }, send);
  // Joins are warmed up as sends are: what is measured is a server that runs, not the first thousand after its start.
  const warm = await newRoom();
  await bulk(many('warm', bulkGhosts, {}));
  await inParallel(bulkGhosts, width, (index) =>
    call('POST', `${v3}/join/${enc(warm)}?user_id=${enc(userId('warm', index))}`, { token, body: {} }),
  );
  for (let round = 0; round < 2; round++) await bulk(many(`warm${round}_`, bulkGhosts, { rooms: [warm] }));
  const joined = await newRoom();
  await measure('join', { count: size.ghosts, width, each: 1 }, (index) =>
    call('POST', `${v3}/join/${enc(joined)}?user_id=${enc(userId('one', index))}`, { token, body: {} }),
  );
  // As those that join one by one they are registered and named; then the same for ghosts that nobody knows yet.
  // Four times as many: they take a fifth of the time, and what else the database does in it falls on some of them alone.
  const bulks = { count: Math.ceil((4 * size.ghosts) / bulkGhosts), width: 1, each: bulkGhosts };
  for (let index = 0; index < bulks.count; index++) await bulk(many(`bulk${index}_`, bulkGhosts, {}));
  const crowded = await newRoom();
  await measure('join in bulk', bulks, (index) => bulk(many(`bulk${index}_`, bulkGhosts, { rooms: [crowded] })));
  const moreCrowded = await newRoom();
  await measure('new in bulk', bulks, (index) => bulk(many(`new${index}_`, bulkGhosts, { rooms: [moreCrowded] })));
  const batches = Math.ceil(size.history / batchEvents);
  if (batches > 0)
    await measure('history', { count: batches, width: 1, each: batchEvents }, (batch) =>
      call('POST', `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(room)}/batch_send`, {
        token,
        body: {
          events: Array.from({ length: batchEvents }, (_, index) => ({
            type: 'm.room.message',
            sender: userId('one', index % 10),
            origin_server_ts: 1_600_000_000_000 - batch * 1_000_000 + index,
            event_id: `$${run}-${batch}-${index}:remote`,
            content: { msgtype: 'm.text', body: 'The quick brown fox jumps over the lazy dog.' },
          })),
        },
      }),
    );
  listener.close();
  close();
  return phases;
}
