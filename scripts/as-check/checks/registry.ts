// Checks of the registry: services that come and go while everything runs, the linter, what operators see, the end of ghosts.

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { compileRegex, formatComplaint, lintFiles } from '@pons/registration';
import { sleep } from '../../../bench/measure.ts';
import { type Check, exactly, none } from '../check.ts';
import { FakeService } from '../fake-service.ts';
import { part, v3 } from '../stage.ts';

const isTransaction = (where: string) => where.includes('/transactions/');

export const liveRegistry: Check = {
  claim:
    'a service is added, rotated, paused, resumed and removed under traffic, and no request of anybody is refused for it',
  async run(stage, { full }) {
    const rounds = full ? 20 : 3;
    const resident = await stage.service('resident');
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    await stage.joinAll(room);
    let running = true;
    const refusals: string[] = [];
    const sent: string[] = [];
    const traffic = Array.from({ length: 4 }, async () => {
      while (running)
        await stage.say(alice, room).then(
          (id) => sent.push(id),
          (error: unknown) => refusals.push(String(error)),
        );
    });
    let heard = 0;
    let refusedTokens = 0;
    for (let turn = 0; turn < rounds; turn++) {
      const live = new FakeService(`live${turn}`);
      await live.listen();
      await stage.operate('POST', '/appservices', { registration: live.registration() });
      const ghost = await stage.ghost(live);
      await stage.join(live, ghost, room);
      await live.arrived([await stage.say(alice, room)]);
      heard += 1;
      const { as_token: fresh } = await stage.operate<{ as_token: string }>(
        'POST',
        `/appservices/${live.id}/rotate`,
        {},
      );
      for (const token of [live.asToken, fresh])
        if ((await stage.outcome(stage.call('GET', `${v3}/account/whoami`, { token }))) !== '200') refusedTokens += 1;
      await stage.operate('POST', `/appservices/${live.id}/pause`, {});
      const waiting = await stage.say(alice, room);
      await stage.operate('POST', `/appservices/${live.id}/resume`, {});
      await live.arrived([waiting]);
      await stage.operate('DELETE', `/appservices/${live.id}`);
      const gone = await stage.outcome(stage.call('GET', `${v3}/account/whoami`, { token: fresh }));
      if (!gone.startsWith('401')) refusedTokens += 1;
      await live.close();
    }
    running = false;
    await Promise.all(traffic);
    await resident.arrived(sent);
    return {
      rounds: exactly(heard, rounds, 'services that were added and heard'),
      requests: { value: sent.length, unit: 'requests meanwhile', least: rounds },
      refused: none(refusals.length, 'requests'),
      tokens: none(refusedTokens, 'tokens refused in their overlap, or good after the removal'),
      missing: none(sent.filter((id) => !resident.arrivals.has(id)).length, 'events at the service that stayed'),
    };
  },
};

export const nsLint: Check = {
  claim: 'the linter finds what its fixtures are named for, and no pattern takes more than linear time',
  run(_stage, { full }) {
    const folder = path.resolve(import.meta.dirname, '../../../registration/fixtures');
    const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    const groups = Map.groupBy(names, (name) => name.replace(/(\.[ab])?\.yaml$/, ''));
    const unfound: string[] = [];
    for (const [code, files] of groups) {
      const report = lintFiles(files.map((file) => ({ file, text: readFileSync(path.join(folder, file), 'utf8') })));
      const found = report.findings.filter((finding) => finding.code === code);
      if (found.length === 0) unfound.push(code);
      for (const finding of found.slice(0, 1)) if (full) console.error(`    ${formatComplaint(finding)}`);
    }
    for (const code of unfound) console.error(`    not found: ${code}`);
    // Twice the text at twice the time, not at the square of it: CPU time over many runs.
    const evil = ['^(a+)+$', '(a|aa)+$', '(a|a)*b', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*x'].map(compileRegex);
    const cpuOf = (length: number) => {
      const text = `${'a'.repeat(length)}!`;
      const { user } = process.cpuUsage();
      for (let times = 0; times < 20; times++) for (const matches of evil) matches(text);
      return (process.cpuUsage().user - user) / 1000;
    };
    cpuOf(10_000); // warm
    const [short, long] = [cpuOf(10_000), cpuOf(40_000)];
    return Promise.resolve({
      fixtures: { value: groups.size, unit: 'fixtures', least: 10 },
      not_found: none(unfound.length, 'fixtures whose fault was not found'),
      growth: { value: Math.round((long / short) * 10) / 10, unit: '× CPU for 4 × the text', limit: 8 },
      evil_pattern: { value: Math.round((short / 100) * 100) / 100, unit: 'ms for 10,000 characters (aim: under 5)' },
    });
  },
};

interface Status {
  readonly queue_depth: number;
  readonly oldest_unacknowledged_ms: number | null;
  readonly retries: number;
}

export const metrics: Check = {
  claim: 'a hung service shows as one, a healthy one does not, and what is said of an event is what happened',
  async run(stage, { full }) {
    const count = full ? 1000 : 100;
    const [healthy, hung] = [await stage.service('healthy'), await stage.service('hung')];
    await stage.start();
    const alice = await stage.person('alice');
    const rooms = [await stage.room(alice), await stage.room(alice), await stage.room(alice)];
    await stage.joinAll(rooms[0] ?? '');
    await stage.joinAll(rooms[1] ?? '', [healthy]);
    hung.reply = ({ path: where }) => (isTransaction(where) ? 'never' : undefined);
    const sent: { id: string; room: string }[] = [];
    for (let index = 0; index < count; index++) {
      const room = rooms[(index * 7) % 3] ?? '';
      sent.push({ id: await stage.say(alice, room), room });
    }
    const wanted = sent.filter(({ room }) => room !== rooms[2]).map(({ id }) => id);
    await healthy.arrived(wanted);
    const status = (id: string) => stage.operate<Status>('GET', `/appservices/${id}`);
    const first = await status('hung');
    // What has arrived is counted out when its acknowledgement is written.
    let well = await status('healthy');
    for (let tries = 0; tries < 600 && well.queue_depth > 0; tries++) {
      await sleep(100);
      well = await status('healthy');
    }
    const text = await stage.metrics();
    const gauge = (id: string) =>
      [...text.matchAll(/^(pons_appservice\w*)\{([^}]*)\} (\S+)$/gm)].filter(([, , labels]) =>
        labels?.includes(`"${id}"`),
      ).length;
    let wrong = 0;
    for (const { id, room } of sent) {
      const where = `/appservices/healthy/explain?room=${part(room)}&event=${part(id)}`;
      const { verdict } = await stage.operate<{ verdict: string }>('GET', where);
      if (['acknowledged', 'in-flight'].includes(verdict) !== healthy.arrivals.has(id)) wrong += 1;
    }
    const later = await status('hung');
    return {
      healthy_waiting: none(well.queue_depth, 'events'),
      hung_waiting: { value: first.queue_depth, unit: 'events', least: 1 },
      hung_age_climbs: {
        value: (later.oldest_unacknowledged_ms ?? 0) - (first.oldest_unacknowledged_ms ?? 0),
        unit: 'ms',
        least: 1,
      },
      gauges: {
        value: Math.min(gauge('healthy'), gauge('hung')),
        unit: 'gauges of each service in /metrics',
        least: 3,
      },
      explained_wrongly: none(wrong, `of ${count} events`),
    };
  },
};

export const ghostsPurge: Check = {
  claim: 'ghosts are listed, ended and purged by service or pattern, and nobody else’s are',
  async run(stage, { full }) {
    const count = full ? 1000 : 60;
    const [service, other] = [await stage.service('irc'), await stage.service('other')];
    await stage.start();
    const alice = await stage.person('alice');
    const room = await stage.room(alice);
    for (const [owner, prefix] of [
      [service, 'keep'],
      [service, 'drop'],
      [other, 'keep'],
    ] as const) {
      const ghosts = Array.from({ length: count / 2 }, (_, index) => ({
        localpart: `_${owner.id}_${prefix}${index}`,
        rooms: [room],
      }));
      await stage.as(owner, 'POST', '/_pons/client/v1/appservice/ghosts', { body: { ghosts } });
    }
    interface Page {
      readonly ghosts: readonly { readonly deactivated?: boolean; readonly user_id: string }[];
      readonly total: number;
      readonly next?: string;
    }
    const list = async (id: string) => {
      const all: Page['ghosts'][number][] = [];
      for (let from = ''; ; ) {
        const page = await stage.operate<Page>('GET', `/appservices/${id}/ghosts?limit=100&from=${part(from)}`);
        all.push(...page.ghosts.filter(({ user_id: user }) => user.startsWith(`@_${id}_`)));
        if (page.next === undefined) return all;
        from = page.next;
      }
    };
    const before = (await list('irc')).length;
    for (let from: string | undefined = ''; from !== undefined; ) {
      const body: object = { action: 'purge', pattern: '@_irc_drop.*', from };
      from = (await stage.operate<{ next?: string }>('POST', '/appservices/irc/clean_up', body)).next;
    }
    const after = await list('irc');
    const { joined } = await stage.call<{ joined: object }>('GET', `${v3}/rooms/${part(room)}/joined_members`, {
      token: alice.token,
    });
    const members = Object.keys(joined);
    return {
      listed: exactly(before, count, 'ghosts'),
      left: exactly(
        after.filter(({ deactivated }) => deactivated !== true).length,
        count / 2,
        'ghosts after the purge',
      ),
      purged_in_room: none(members.filter((user) => user.includes('_drop')).length, 'purged ghosts still in the room'),
      kept_in_room: exactly(members.filter((user) => user.includes('_keep')).length, count, 'kept ghosts in the room'),
      others: exactly((await list('other')).length, count / 2, 'ghosts of the other service'),
    };
  },
};
