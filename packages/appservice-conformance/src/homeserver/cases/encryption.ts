// Chapter To-device and encryption: what bridges need to encrypt, by the proposals that they use today: to-device messages, device lists,
// key counts, key claims. None is in the specification yet, so these inform and do not bind.
// https://github.com/matrix-org/matrix-spec-proposals/pull/4203

import { part } from '../../call.ts';
import { holds } from '../../clock.ts';
import { demand } from '../../outcome.ts';
import { expectOk, type HomeserverCase, msc } from '../case.ts';
import type { Role } from '../roles.ts';
import type { Seen } from '../service.ts';
import type { Person, World } from '../world.ts';

const about = { chapter: 'To-device and encryption', level: 'unstable' } as const;
const toDeviceKeys = ['to_device', 'de.sorunome.msc2409.to_device'] as const;
const listKeys = ['device_lists', 'org.matrix.msc3202.device_lists'] as const;
const countKeys = ['device_one_time_keys_count', 'org.matrix.msc3202.device_one_time_keys_count'] as const;
const fallbackKeys = [
  'device_unused_fallback_key_types',
  'org.matrix.msc3202.device_unused_fallback_key_types',
] as const;

const deviceMessages = (world: World, role: Role): Seen[] => {
  const [first = [], second = []] = toDeviceKeys.map((key) => world.service(role).entries(key));
  return first.length >= second.length ? first : second; // the same under both keys, where both are sent
};

async function ghostWithDevice(world: World, role: Role): Promise<{ ghost: string; device: string }> {
  const ghost = await world.ghost(role);
  return { ghost, device: await world.device(role, ghost) };
}

/** Sends a to-device message to every device of a user. */
async function whisper(world: World, from: Person, to: string, mark: string): Promise<void> {
  const path = `/sendToDevice/com.example.conformance/${world.unique('d')}`;
  expectOk(await world.by(from, 'PUT', path, { messages: { [to]: { '*': { mark } } } }), 'on the way: sendToDevice');
}

const marksOf = (world: World, role: Role) => deviceMessages(world, role).map(({ content }) => content['mark']);

async function allMarks(world: World, role: Role, marks: readonly string[]): Promise<void> {
  const missing = () => marks.filter((mark) => !marksOf(world, role).includes(mark));
  await holds(() => missing().length === 0, world.patienceMs);
  demand(missing().length === 0, () => `${missing().length} of ${marks.length} messages did not come`);
  const came = marksOf(world, role).filter((mark) => marks.includes(String(mark)));
  demand(came.length === marks.length, `${came.length - marks.length} messages came twice`);
}

type ByDevice = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Waits until the last word of the transactions on a device, under either key, is what it should be. */
async function lastWord(
  world: World,
  keys: readonly string[],
  of: { readonly ghost: string; readonly device: string },
  isRight: (value: unknown) => boolean,
): Promise<void> {
  const last = () =>
    world
      .service('main')
      .transactions.flatMap(({ body }) =>
        keys.map((key) => (body[key] as ByDevice | undefined)?.[of.ghost]?.[of.device]),
      )
      .findLast((value) => value !== undefined);
  await holds(() => isRight(last()), world.patienceMs);
  demand(isRight(last()), () => `${keys[1]}: the last word was ${JSON.stringify(last()) ?? 'nothing'}`);
}

interface DeviceLists {
  readonly changed?: readonly string[];
  readonly left?: readonly string[];
}
async function listed(world: World, kind: keyof DeviceLists, user: string, times = 1): Promise<void> {
  const found = () =>
    world
      .service('main')
      .transactions.filter(({ body }) =>
        listKeys.some((key) => (body[key] as DeviceLists | undefined)?.[kind]?.includes(user) === true),
      ).length;
  await holds(() => found() >= times, world.patienceMs);
  const how = times === 1 ? 'did not come' : `came ${found()} times instead of ${times}`;
  demand(found() >= times, `${user} ${how} among the ${kind} within ${world.patienceMs / 1000} s`);
}

const deviceKeysOf = (user: string, device: string) => ({
  user_id: user,
  device_id: device,
  algorithms: ['m.olm.v1.curve25519-aes-sha2', 'm.megolm.v1.aes-sha2'],
  keys: { [`curve25519:${device}`]: 'A'.repeat(43), [`ed25519:${device}`]: 'B'.repeat(43) },
  signatures: { [user]: { [`ed25519:${device}`]: 'C'.repeat(86) } },
});
const signedKey = (user: string, device: string) => ({
  key: 'D'.repeat(43),
  signatures: { [user]: { [`ed25519:${device}`]: 'E'.repeat(86) } },
});

/** Claims of this chapter. */
export const encryptionCases: readonly HomeserverCase[] = [
  {
    ...about,
    id: 'encryption/to-device',
    link: msc(4203),
    claim: 'a to-device message for a ghost arrives, with its user and device',
    rows: ['A7.4', 'A11.11'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost, device } = await ghostWithDevice(world, 'main');
      const mark = world.unique('mark');
      await whisper(world, alice, ghost, mark);
      await allMarks(world, 'main', [mark]);
      const seen = deviceMessages(world, 'main').find(({ content }) => content['mark'] === mark);
      demand(
        seen?.['to_user_id'] === ghost && seen['to_device_id'] === device && seen.sender === alice.userId,
        `it says to ${String(seen?.['to_user_id'])} ${String(seen?.['to_device_id'])} from ${String(seen?.sender)}`,
      );
    },
  },
  {
    ...about,
    id: 'encryption/to-device-both-keys',
    link: msc(4203),
    claim: 'to-device messages stand under the stable and the unstable key',
    rows: ['A7.8'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost } = await ghostWithDevice(world, 'main');
      const mark = world.unique('mark');
      await whisper(world, alice, ghost, mark);
      await allMarks(world, 'main', [mark]);
      for (const key of toDeviceKeys)
        demand(
          world
            .service('main')
            .entries(key)
            .some(({ content }) => content['mark'] === mark),
          `it does not stand under ${key}`,
        );
    },
  },
  {
    ...about,
    id: 'encryption/to-device-two-services',
    link: msc(4203),
    claim: 'messages to the ghosts of two services at once all arrive',
    rows: ['A7.4', 'A11.1'],
    async run(world) {
      const alice = await world.person('alice');
      const first = await ghostWithDevice(world, 'main');
      const second = await ghostWithDevice(world, 'other');
      const marks = Array.from({ length: 15 }, () => world.unique('mark'));
      for (const mark of marks) {
        await whisper(world, alice, first.ghost, mark);
        await whisper(world, alice, second.ghost, mark);
      }
      await allMarks(world, 'main', marks);
      await allMarks(world, 'other', marks);
    },
  },
  {
    ...about,
    id: 'encryption/to-device-outage',
    link: msc(4203),
    claim: 'messages sent while the service is away arrive afterwards, each once',
    rows: ['A7.4', 'A11.1'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost } = await ghostWithDevice(world, 'main');
      world.breaks('main', { status: 500 });
      const marks = Array.from({ length: 20 }, () => world.unique('mark'));
      for (const mark of marks) await whisper(world, alice, ghost, mark);
      await world.heals('main');
      await allMarks(world, 'main', marks);
    },
  },
  {
    ...about,
    id: 'encryption/to-device-killed',
    link: msc(4203),
    claim: 'messages that wait outlive a kill of the homeserver',
    rows: ['A7.4', 'A11.1'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost } = await ghostWithDevice(world, 'main');
      world.breaks('main', { status: 500 });
      const marks = Array.from({ length: 5 }, () => world.unique('mark'));
      for (const mark of marks) await whisper(world, alice, ghost, mark);
      await world.restart();
      await world.heals('main');
      await allMarks(world, 'main', marks);
    },
  },
  {
    ...about,
    id: 'encryption/lists-changed',
    link: msc(3202),
    claim: 'somebody in a room with a ghost who uploads keys is among the changed device lists',
    rows: ['A7.5'],
    async run(world) {
      const bob = await world.register(world.unique('keys_'));
      await world.roomWith(bob, 'main');
      const body = { device_keys: deviceKeysOf(bob.userId, bob.deviceId) };
      expectOk(await world.by(bob, 'POST', '/keys/upload', body), 'on the way: uploading keys');
      await listed(world, 'changed', bob.userId);
    },
  },
  {
    ...about,
    id: 'encryption/lists-met',
    link: msc(3202),
    claim:
      'somebody with keys in an encrypted room is among the changed device lists when a ghost joins it, and again when it comes back',
    rows: ['A7.5'],
    async run(world) {
      const bob = await world.register(world.unique('keys_'));
      const body = { device_keys: deviceKeysOf(bob.userId, bob.deviceId) };
      expectOk(await world.by(bob, 'POST', '/keys/upload', body), 'on the way: uploading keys');
      const room = await world.room(bob, {
        initial_state: [{ type: 'm.room.encryption', content: { algorithm: 'm.megolm.v1.aes-sha2' } }],
      });
      const ghost = await world.ghost('main');
      await world.join('main', ghost, room);
      await listed(world, 'changed', bob.userId);
      const leave = world.as('main', 'POST', `/rooms/${part(room)}/leave`, { user: ghost, body: {} });
      await world.sure(leave, 'the ghost leaves');
      await listed(world, 'left', bob.userId);
      await world.join('main', ghost, room);
      await listed(world, 'changed', bob.userId, 2);
    },
  },
  {
    ...about,
    id: 'encryption/lists-left',
    link: msc(3202),
    claim: 'somebody who leaves the last room with a ghost is among the left device lists',
    rows: ['A7.5'],
    async run(world) {
      const alice = await world.person('alice');
      const bob = await world.register(world.unique('keys_'));
      const { room } = await world.roomWith(alice, 'main');
      await world.sure(world.by(bob, 'POST', `/join/${part(room)}`, {}), 'somebody joins');
      const body = { device_keys: deviceKeysOf(bob.userId, bob.deviceId) };
      expectOk(await world.by(bob, 'POST', '/keys/upload', body), 'on the way: uploading keys');
      await listed(world, 'changed', bob.userId);
      await world.sure(world.by(bob, 'POST', `/rooms/${part(room)}/leave`, {}), 'and leaves');
      await listed(world, 'left', bob.userId);
    },
  },
  {
    ...about,
    id: 'encryption/key-counts',
    link: msc(3202),
    claim: 'a service is told how many one-time keys its devices have, and which fallback keys are unused',
    rows: ['A7.6'],
    async run(world) {
      const alice = await world.person('alice');
      const at = await ghostWithDevice(world, 'main');
      const { ghost, device } = at;
      const body = {
        device_keys: deviceKeysOf(ghost, device),
        one_time_keys: { 'signed_curve25519:AAAAAQ': signedKey(ghost, device) },
        fallback_keys: { 'signed_curve25519:AAAAAF': { ...signedKey(ghost, device), fallback: true } },
      };
      expectOk(
        await world.as('main', 'POST', '/keys/upload', { user: ghost, device, body }),
        'uploading keys as the device',
      );
      await whisper(world, alice, ghost, world.unique('mark'));
      await lastWord(
        world,
        countKeys,
        at,
        (value) => (value as Record<string, number> | undefined)?.['signed_curve25519'] === 1,
      );
      await lastWord(world, fallbackKeys, at, (value) => Array.isArray(value) && value.includes('signed_curve25519'));
    },
  },
  {
    ...about,
    id: 'encryption/claim-proxied',
    link: msc(3983),
    claim: 'one-time keys of a ghost that has none here are asked of its service',
    rows: ['A7.7'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost, device } = await ghostWithDevice(world, 'main');
      const asked = () => world.service('main').received.some(({ path }) => path.includes('keys/claim'));
      const key = { 'signed_curve25519:AAAAAB': signedKey(ghost, device) };
      world.service('main').reply = ({ path }) =>
        path.includes('keys/claim') ? { status: 200, json: { [ghost]: { [device]: key } } } : undefined;
      const body = { one_time_keys: { [ghost]: { [device]: 'signed_curve25519' } } };
      const answer = expectOk(await world.by(alice, 'POST', '/keys/claim', body), 'claiming');
      demand(asked(), 'the service was not asked');
      demand(answer.text.includes('signed_curve25519:AAAAAB'), 'the answer of the service is not in the claim');
    },
  },
  {
    ...about,
    id: 'encryption/query-proxied',
    link: msc(3984),
    claim: 'device keys of a ghost are asked of its service',
    rows: ['A7.7'],
    async run(world) {
      const alice = await world.person('alice');
      const { ghost, device } = await ghostWithDevice(world, 'main');
      world.service('main').reply = ({ path }) =>
        path.includes('keys/query')
          ? { status: 200, json: { device_keys: { [ghost]: { [device]: deviceKeysOf(ghost, device) } } } }
          : undefined;
      const answer = expectOk(
        await world.by(alice, 'POST', '/keys/query', { device_keys: { [ghost]: [] } }),
        'querying',
      );
      demand(
        world.service('main').received.some(({ path }) => path.includes('keys/query')),
        'the service was not asked',
      );
      demand(answer.text.includes('A'.repeat(43)), 'the answer of the service is not in the query');
    },
  },
];
