// After the last claim: what the run made goes again, as far as the homeserver lets it. People and ghosts end by their own word; where
// the kit has an administrator's way, rooms are deleted too. (Services are taken away by whoever added them.)

import { type Made, passwordOf, type Person, type World } from './world.ts';

const atOnce = 8;

/** Never throws: what does not go stays. */
export async function cleanUp(world: World, { people, ghosts, rooms }: Made): Promise<void> {
  await inGroups(ghosts, ({ role, userId }) =>
    world.as(role, 'POST', '/account/deactivate', { user: userId, body: { erase: true } }),
  );
  await inGroups(people, (person) => end(world, person));
  const { installer } = world.parts;
  if (installer !== undefined) await inGroups([...new Set(rooms)], (room) => installer.deleteRoom(room));
}

async function end(world: World, person: Person): Promise<void> {
  const username = person.userId.slice(1, person.userId.indexOf(':'));
  const path = '/account/deactivate';
  const asked = await world.by(person, 'POST', path, { erase: true });
  const identifier = { type: 'm.id.user', user: person.userId };
  const auth = { type: 'm.login.password', identifier, password: passwordOf(username), session: asked.json['session'] };
  if (asked.status === 401) await world.by(person, 'POST', path, { erase: true, auth });
}

async function inGroups<T>(list: readonly T[], act: (one: T) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < list.length; start += atOnce)
    await Promise.all(list.slice(start, start + atOnce).map((one) => act(one)));
}
