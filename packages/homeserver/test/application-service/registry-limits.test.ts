// Every limited endpoint of a whole homeserver with limits so small that the second call is too much: people and ghosts of a service with
// `rate_limited: true` are stopped, a service with `rate_limited: false` never is, and no sender is.
import { type Endpoint, endpoints, ponsEndpoints } from '@pons/spec/endpoints';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ghost, registrationText, type RegistryHouse, registryHouse } from './registry-house.ts';

const classes = ['default', 'message', 'join', 'login', 'registration', 'media'];
const smallest = { per_second: 0.0001, burst: 1 };
const callsPerEndpoint = 3;

let house: RegistryHouse;
let limited: Endpoint[];
let person: { token: string };
beforeAll(async () => {
  house = await registryHouse({
    config: { rate_limits: Object.fromEntries(classes.map((name) => [name, smallest])) },
  });
  await house.operate('POST', '', { registration: registrationText('free') });
  await house.operate('POST', '', { registration: registrationText('bound', { rate_limited: true }) });
  person = await house.person('alice');
  const described: Endpoint[] = [endpoints, ponsEndpoints].flatMap((list) => Object.values<Endpoint>(list));
  const routed = await Promise.all(described.map(isRouted));
  limited = described.filter(
    ({ rateLimit, operation }, index) => rateLimit !== 'none' && routed[index] === true && operation !== 'inviteBy3PID',
  );
});
afterAll(() => house.stop());

const filled = (path: string, userId: string) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(name === 'userId' ? userId : `!${name}:localhost`),
  );

async function isRouted({ path, method }: Endpoint): Promise<boolean> {
  const response = await fetch(house.base + filled(path, '@a:localhost'), { method: 'PATCH' });
  await response.body?.cancel();
  return response.status === 405 && response.headers.get('allow')?.split(', ').includes(method) === true;
}

/** Statuses of some calls, one after the other. */
async function call(endpoint: Endpoint, token: string | undefined, userId?: string): Promise<number[]> {
  const query = new URLSearchParams();
  for (const { name, type, required, values: [first] = [] } of endpoint.query ?? [])
    if (required === true) query.set(name, first ?? (type === 'integer' ? '1' : 'x'));
  if (userId !== undefined) query.set('user_id', userId);
  const statuses: number[] = [];
  for (let count = 0; count < callsPerEndpoint; count++) {
    const response = await fetch(
      `${house.base}${filled(endpoint.path, userId ?? '@a:localhost')}?${query.toString()}`,
      {
        method: endpoint.method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(endpoint.body === 'none' ? {} : { body: '{}' }),
        signal: AbortSignal.timeout(60_000),
      },
    );
    await response.body?.cancel();
    statuses.push(response.status);
  }
  return statuses;
}

/** Operations that answered 429 at least once, and those that never did. */
async function sorted(
  list: readonly Endpoint[],
  token: string | undefined,
  userOf?: (endpoint: Endpoint) => Promise<string>,
) {
  const stopped: string[] = [];
  const passed: string[] = [];
  for (const endpoint of list) {
    const statuses = await call(endpoint, token, await userOf?.(endpoint));
    (statuses.includes(429) ? stopped : passed).push(endpoint.operation);
  }
  return { stopped, passed };
}

// Some end the account or its devices: each gets a ghost of its own.
const ghostOf = (id: string) => (endpoint: Endpoint) =>
  ghost(house.base, `as-${id}`, `_${id}_${endpoint.operation.toLowerCase()}`);

it('stops people at every limited endpoint: without it the rest would prove nothing', async () => {
  expect(limited.length).toBeGreaterThan(60);
  const ending = ['logout', 'logout_all', 'deactivateAccount'];
  // What is for application services alone refuses people before it counts.
  const careful = limited.filter(({ operation, auth }) => auth !== 'asToken' && !ending.includes(operation));
  expect((await sorted(careful, person.token)).passed).toEqual([]);
});

it('never stops a ghost of a service with rate_limited: false', async () => {
  const withToken = limited.filter(({ auth }) => auth !== 'none');
  expect((await sorted(withToken, 'as-free', ghostOf('free'))).stopped).toEqual([]);
});

it('never stops a sender, whatever its registration says of its ghosts', async () => {
  const careful = limited.filter(({ auth, operation }) => auth !== 'none' && operation !== 'deactivateAccount');
  expect((await sorted(careful, 'as-bound')).stopped).toEqual([]);
});

it('stops the ghosts of a service with rate_limited: true, each for itself', async () => {
  // There the sender asks, for the user in the body; and who is deactivated is refused for that.
  const named = new Set(['register', 'login', 'deactivateAccount']);
  const bound = limited.filter(({ auth, operation }) => auth !== 'none' && !named.has(operation));
  expect((await sorted(bound, 'as-bound', ghostOf('bound'))).passed).toEqual([]);
});

it('lets a service register ghosts from an address whose people have used up their limit', async () => {
  const { register } = endpoints;
  expect(await call(register, undefined)).toEqual([429, 429, 429]);
  for (const id of ['free', 'bound'])
    for (let count = 0; count < 5; count++)
      expect(await ghost(house.base, `as-${id}`, `_${id}_ghost${count}`)).toBe(`@_${id}_ghost${count}:localhost`);
});

it('is by address, for everybody, where no token is looked at: these and no others', () => {
  const byAddress = limited.filter(({ auth }) => auth === 'none').map(({ operation }) => operation);
  expect(byAddress.sort()).toEqual([
    'checkUsernameAvailability',
    'getContent',
    'getContentOverrideName',
    'getContentThumbnail',
    'getLoginFlows',
    'refresh',
    'registrationTokenValidity',
  ]);
});
