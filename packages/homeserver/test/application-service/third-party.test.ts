// Third-party lookups over several application services, some of which hang or answer nonsense, with a clock whose hands the test turns.
// https://spec.matrix.org/v1.19/application-service-api/#third-party-networks
import { validateRegistration } from '@pons/registration';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { fakeClock } from '@pons/testkit/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AppserviceAnswer, createCallAppservice } from '../../src/appservice-delivery/call-appservice.ts';
import { createThirdParty, type ThirdParty } from '../../src/appservice-delivery/third-party.ts';
import { directoryOfInstance } from '../../src/appservices/network-instance.ts';
import { type AppserviceRegistry, createRegistry, toAppservice } from '../../src/appservices/registry.ts';
import { createOutbound } from '../../src/platform/outbound-fetch.ts';
import type { Log } from '../../src/platform/telemetry/log.ts';

const serverName = 'example.org';
const deadlineMs = 5_000;
let clock: ReturnType<typeof fakeClock>;
let outbound: ReturnType<typeof createOutbound>;
let warnings: Record<string, unknown>[] = [];
let doubles: AppserviceDouble[] = [];
const log: Log = {
  debug() {},
  info() {},
  warn: (first: unknown) => void warnings.push(first as Record<string, unknown>),
  error() {},
  child: () => log,
};

beforeEach(() => {
  clock = fakeClock();
  outbound = createOutbound();
  warnings = [];
});
afterEach(async () => {
  await outbound.close();
  for (const double of doubles) await double.close();
  doubles = [];
});

/** As many application services as ids, each serving `irc`. One that hangs does so by the test's clock. */
async function house(...ids: string[]) {
  return houseOf(['irc'], ...ids);
}

async function houseOf(
  protocols: readonly string[],
  ...ids: string[]
): Promise<{ thirdParty: ThirdParty; registry: AppserviceRegistry; at: (id: string) => AppserviceDouble }> {
  const registry = createRegistry(serverName);
  const byId = new Map<string, AppserviceDouble>();
  for (const id of ids) {
    const double = new AppserviceDouble();
    doubles.push(double);
    byId.set(id, double);
    const validation = validateRegistration({
      id,
      url: await double.listen(),
      as_token: `as-${id}`,
      hs_token: `hs-${id}`,
      sender_localpart: `_${id}_bot`,
      protocols,
      namespaces: { users: [{ regex: `@_${id}_.*` }], aliases: [{ regex: `#_${id}_.*` }] },
    });
    if (validation.outcome === 'refused') throw new Error(JSON.stringify(validation.problems));
    registry.replace([...registry.all(), toAppservice(validation.registration, serverName, { file: id })]);
  }
  const real = createCallAppservice({ fetch: outbound.fetch, clock, allowPrivate: true });
  const thirdParty = createThirdParty({
    registry,
    clock,
    log,
    deadlineMs,
    call(request) {
      if (byId.get(request.appservice.id)?.mode !== 'hang') return real(request);
      return new Promise<AppserviceAnswer>((resolve) => {
        clock.setTimer(request.timeoutMs, () => resolve({ outcome: 'failed', reason: 'timeout', message: 'hangs' }));
      });
    },
  });
  return { thirdParty, registry, at: (id) => byId.get(id) as AppserviceDouble };
}
const protocolPath = '/_matrix/app/v1/thirdparty/protocol/irc';
const protocol = (...networks: string[]) => ({
  user_fields: ['nick'],
  location_fields: ['channel'],
  icon: 'mxc://example.org/icon',
  field_types: { nick: { regexp: '.*', placeholder: 'nick' } },
  instances: networks.map((network) => ({ network_id: network, desc: network, fields: { network } })),
});
const instances = async (asked: ReturnType<ThirdParty['protocol']>) =>
  ((await asked)?.['instances'] as { instance_id: string }[] | undefined)?.map((one) => one.instance_id);

describe('a protocol', () => {
  it('is that of all who serve it, by the deadline, whoever hangs, and then nobody waits for them again', async () => {
    const { thirdParty, at } = await house('a', 'hung', 'b');
    for (const id of ['a', 'b']) at(id).answers.set(protocolPath, protocol(`net-${id}`));
    at('hung').mode = 'hang';
    const asked = instances(thirdParty.protocol('irc'));
    await clock.advance(deadlineMs);
    expect(await asked).toEqual(['a|net-a', 'b|net-b']);
    await clock.advance(10_001);
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|net-a', 'b|net-b']);
    expect(Object.keys(await thirdParty.protocols())).toEqual(['irc']);
  });

  it('is answered as it was while it is asked anew, and with what is new after that', async () => {
    const { thirdParty, at } = await house('a');
    at('a').answers.set(protocolPath, protocol('one'));
    const all = await Promise.all(Array.from({ length: 100 }, () => instances(thirdParty.protocol('irc'))));
    expect(all[99]).toEqual(['a|one']);
    expect(at('a').requests).toHaveLength(1);
    await clock.advance(300_001);
    at('a').answers.set(protocolPath, protocol('one', 'two'));
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|one']);
    await expect.poll(() => instances(thirdParty.protocol('irc'))).toEqual(['a|one', 'a|two']);
    expect(at('a').requests).toHaveLength(2);
    // Away, it is what it was.
    await clock.advance(300_001);
    at('a').mode = 'down';
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|one', 'a|two']);
    await at('a').until(() => at('a').requests.length === 3);
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|one', 'a|two']);
  });

  it('that failed is asked for again soon', async () => {
    const { thirdParty, at } = await house('a');
    at('a').mode = 500;
    expect(await thirdParty.protocol('irc')).toBeUndefined();
    at('a').mode = 'ok';
    at('a').answers.set(protocolPath, protocol('one'));
    expect(await thirdParty.protocol('irc')).toBeUndefined();
    await clock.advance(10_001);
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|one']);
    expect(await thirdParty.protocol('slack')).toBeUndefined();
  });

  it('names instances by application service and network, whatever they say of themselves, and drops what is none', async () => {
    const { thirdParty, at } = await house('a');
    const [good] = protocol('one').instances;
    at('a').answers.set(protocolPath, {
      ...protocol(),
      instances: [{ ...good, instance_id: 'mine' }, { network_id: 5, desc: 'x', fields: {} }, 'nonsense', null],
    });
    expect(await instances(thirdParty.protocol('irc'))).toEqual(['a|one']);
    expect(warnings).toEqual([{ appservice: 'a', path: 'thirdparty/protocol', dropped: 3 }]);
  });

  it('of a service whose networks have one name under several protocols has instances of its own, of one directory', async () => {
    const { thirdParty, at, registry } = await houseOf(['irc', 'xmpp'], 'a', 'b');
    for (const id of ['a', 'b'])
      for (const name of ['irc', 'xmpp'])
        at(id).answers.set(`/_matrix/app/v1/thirdparty/protocol/${name}`, protocol('one', 'two'));
    // Whichever is asked for first.
    const xmpp = await instances(thirdParty.protocol('xmpp'));
    const irc = await instances(thirdParty.protocol('irc'));
    expect(irc).toEqual(['a|one', 'a|two', 'b|one', 'b|two']);
    expect(xmpp).toEqual(['a|one|xmpp', 'a|two|xmpp', 'b|one|xmpp', 'b|two|xmpp']);
    for (const ids of [irc, xmpp])
      expect(ids?.map((one) => directoryOfInstance(registry, one))).toEqual(['a|one', 'a|two', 'b|one', 'b|two']);
    for (const other of ['a|', 'a|xmpp', 'c|one|xmpp', 'a|one|slack', 'xmpp'])
      expect(directoryOfInstance(registry, other)).toBe(other);
  });

  it.each([[[]], ['text'], [{}], [{ ...protocol('one'), user_fields: 'nick' }], [null]])(
    'is not what is answered with %j',
    async (answer) => {
      const { thirdParty, at } = await house('a');
      at('a').answers.set(protocolPath, answer);
      expect(await thirdParty.protocols()).toEqual({});
      expect(warnings).toHaveLength(1);
    },
  );
});

describe('a lookup', () => {
  const user = (name: string) => ({ userid: `@_a_${name}:example.org`, protocol: 'irc', fields: { nick: name } });

  it('is put to all who serve the protocol, and answered by the deadline without those who hang', async () => {
    const { thirdParty, at } = await house('a', 'hung', 'b');
    for (const id of ['a', 'b']) at(id).answers.set('/_matrix/app/v1/thirdparty/user/irc', [user(id)]);
    at('hung').mode = 'hang';
    const asked = thirdParty.lookUp('user', 'irc', new URLSearchParams({ nick: 'x y', channel: '#c' }));
    await clock.advance(deadlineMs);
    expect(await asked).toEqual([user('a'), user('b')]);
    expect(at('a').requests[0]?.path).toBe('/_matrix/app/v1/thirdparty/user/irc?nick=x+y&channel=%23c');
    expect(await thirdParty.lookUp('user', 'slack', new URLSearchParams())).toBeUndefined();
  });

  it('back from a Matrix id is put to those alone in whose namespace it is', async () => {
    const { thirdParty, at } = await house('a', 'b');
    const place = { alias: '#_a_c:example.org', protocol: 'irc', fields: { channel: '#c' } };
    at('a').answers.set('/_matrix/app/v1/thirdparty/user', [user('bob')]);
    at('a').answers.set('/_matrix/app/v1/thirdparty/location', [place]);
    expect(await thirdParty.reverse('user', '@_a_bob:example.org')).toEqual([user('bob')]);
    expect(await thirdParty.reverse('location', '#_a_c:example.org')).toEqual([place]);
    expect(await thirdParty.reverse('user', '@alice:example.org')).toEqual([]);
    expect(at('a').requests.map(({ path }) => path)).toEqual([
      '/_matrix/app/v1/thirdparty/user?userid=%40_a_bob%3Aexample.org',
      '/_matrix/app/v1/thirdparty/location?alias=%23_a_c%3Aexample.org',
    ]);
    expect(at('b').requests).toEqual([]);
  });

  it('drops what is no result, and logs how many', async () => {
    const { thirdParty, at } = await house('a');
    const path = '/_matrix/app/v1/thirdparty/user/irc';
    at('a').answers.set(path, [user('bob'), { userid: 5 }, { userid: '@a:b', protocol: 'irc' }, null, []]);
    expect(await thirdParty.lookUp('user', 'irc', new URLSearchParams({ nick: 'secret' }))).toEqual([user('bob')]);
    expect(warnings).toEqual([{ appservice: 'a', path: 'thirdparty/user/irc', dropped: 4 }]);
    at('a').answers.set(path, { not: 'a list' });
    expect(await thirdParty.lookUp('user', 'irc', new URLSearchParams())).toEqual([]);
  });

  it('goes to the unstable path of those who know that one only', async () => {
    const { thirdParty, at } = await house('a');
    at('a').answers.set('/_matrix/app/unstable/thirdparty/user/irc', [user('old')]);
    at('a').judge = ({ path }) => (path.startsWith('/_matrix/app/v1/') ? 404 : undefined);
    expect(await thirdParty.lookUp('user', 'irc', new URLSearchParams())).toEqual([user('old')]);
  });
});
