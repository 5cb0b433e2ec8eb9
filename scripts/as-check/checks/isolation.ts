// Checks that a service which never answers costs nobody else anything: neither its transactions nor what it is asked.

import { percentiles, round } from '../../../bench/measure.ts';
import { type Check, exactly, none } from '../check.ts';
import type { FakeService } from '../fake-service.ts';
import { part, type Person, type Stage, v3 } from '../stage.ts';

const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

interface Round {
  /** Milliseconds from each message to each healthy service. */
  readonly took: readonly number[];
  /** Of a message. */
  readonly cpuMs: number;
}

/** Messages one after the other, until each has reached each of these services. */
async function sendTo(
  stage: Stage,
  [person, room]: readonly [Person, string],
  to: readonly FakeService[],
  count: number,
): Promise<Round> {
  const before = stage.cpu();
  const sentAt = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    sentAt.set(await stage.say(person, room), startMs);
  }
  const ids = [...sentAt.keys()];
  await Promise.all(to.map((service) => service.arrived(ids)));
  const took = to.flatMap(({ arrivals }) => ids.map((id) => (arrivals.get(id)?.atMs ?? 0) - (sentAt.get(id) ?? 0)));
  return { took, cpuMs: (stage.cpu() - before) / count };
}

export const isolation: Check = {
  claim:
    'a service that never answers costs healthy ones nothing: all that is theirs comes while one request to it hangs',
  async run(stage, { full }) {
    const [healthyCount, count, rounds] = full ? [20, 120, 15] : [8, 40, 4];
    const healthy: FakeService[] = [];
    for (let index = 0; index < healthyCount; index++) healthy.push(await stage.service(`h${index}`));
    const hung = await stage.service('hung');
    // Longer than any round: what it holds is never given up while the others are looked at.
    await stage.start({
      appservices: { files: stage.services.map(({ id }) => `${id}.yaml`), request_timeout_ms: 600_000 },
    });
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    const place = [alice, room] as const;
    await sendTo(stage, place, stage.services, count); // warm
    const [without, beside]: [Round[], Round[]] = [[], []];
    let [delivered, attempts, stillHeld] = [0, 0, 0];
    await stage.operate('POST', '/appservices/hung/pause', {});
    const hang = async (turn: number) => {
      const [tries, asked] = [hung.tries, hung.asked.length];
      hung.reply = () => 'never'; // transactions and queries
      await stage.say(alice, room);
      await stage.operate('POST', '/appservices/hung/resume', {});
      const body = { user_id: `@_hung_nobody${turn}:localhost` };
      void stage.call('POST', `${v3}/rooms/${part(room)}/invite`, { token: alice.token, body }).catch(() => undefined);
      await hung.until(() => hung.held === 1 && hung.asked.length > asked, 'a transaction and a query that hang');
      beside.push(await sendTo(stage, place, healthy, count));
      delivered += count * healthyCount;
      attempts += hung.tries - tries;
      stillHeld += hung.held;
      await stage.operate('POST', '/appservices/hung/pause', {});
      hung.heal();
    };
    for (let turn = 0; turn < rounds; turn++) {
      // The other one first every second time.
      if (turn % 2 === 1) await hang(turn);
      without.push(await sendTo(stage, place, healthy, count));
      if (turn % 2 === 0) await hang(turn);
    }
    await stage.operate('POST', '/appservices/hung/resume', {});
    const last = await stage.say(alice, room);
    await Promise.all(stage.services.map((service) => service.arrived([last])));
    const p99 = ({ took }: Round) => percentiles(took).p99;
    const all = [...(healthy[0]?.arrivals ?? [])].flatMap(([id, { type }]) => (type === 'm.room.message' ? [id] : []));
    return {
      delivered_meanwhile: exactly(delivered, rounds * count * healthyCount, 'events while a request hung'),
      hung_attempts: exactly(attempts, rounds, 'requests with a transaction to the hung service'),
      still_hanging: exactly(stillHeld, rounds, 'of them that outlasted all that the others got'),
      missing: none(
        stage.services.reduce((sum, { arrivals }) => sum + all.filter((id) => !arrivals.has(id)).length, 0),
        'events of anybody’s in the end',
      ),
      doubled: none(
        stage.services.reduce((sum, { again }) => sum + again, 0),
        'events',
      ),
      cpu_ratio: {
        value: round(median(beside.map(({ cpuMs }) => cpuMs)) / median(without.map(({ cpuMs }) => cpuMs))),
        unit: 'CPU of a message beside a hung service / without',
        limit: 1.25,
      },
      p99_without: { value: median(without.map(p99)), unit: 'ms, median of the rounds' },
      p99_beside: { value: median(beside.map(p99)), unit: 'ms' },
      p99_ratio: {
        value: round(median(beside.map((one, turn) => p99(one) / p99(without[turn]!)))),
        unit: 'beside / without, median of pairs',
        // Of a few messages on a machine that may be busy it says nothing.
        ...(full ? { limit: 1.1 } : {}),
      },
    };
  },
};

export const queryDeadline: Check = {
  claim: 'a user query that hangs holds up nobody’s events, and many askers are one query',
  async run(stage, { full }) {
    const askers = full ? 1000 : 100;
    const hung = await stage.service('hung');
    const other = await stage.service('other');
    await stage.start({ appservices: { files: ['hung.yaml', 'other.yaml'], request_timeout_ms: 5000 } });
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    hung.reply = ({ path }) => (path.includes('/users/') ? 'never' : undefined);
    const profile = `${v3}/profile/${part('@_hung_nobody:localhost')}`;
    // On connections of their own: the event must not wait for a free one.
    const asking = Array.from({ length: askers }, async () => {
      const answer = await fetch(`${stage.url}${profile}`, { headers: { authorization: `Bearer ${alice.token}` } });
      await answer.arrayBuffer();
      return answer.status;
    });
    await hung.until(() => hung.asked.some(({ path }) => path.includes('/users/')), 'the query');
    const startMs = performance.now();
    const id = await stage.say(alice, room);
    await Promise.all([other.arrived([id]), hung.arrived([id])]);
    const took = performance.now() - startMs;
    const unanswered = hung.asked.filter(({ path }) => path.includes('/users/')).length;
    const answers = await Promise.all(asking);
    return {
      queries_while_hung: { value: unanswered, unit: `for ${askers} askers`, limit: 1 },
      refused_in_time: exactly(answers.filter((status) => status === 408 || status === 404).length, askers, 'askers'),
      event_took: { value: Math.round(took), unit: 'ms to both services meanwhile (aim: under 1000)' },
    };
  },
};
