// Before the first claim: whether a run can be judged at all. A homeserver that does not answer, services that it was not given, people who
// cannot register, a kit that it cannot reach are faults of the set-up, and would come out as a hundred failures of the homeserver.

import { describe, describeInFull, part } from '../call.ts';
import { SetUpFault } from '../outcome.ts';
import type { Role } from './roles.ts';
import type { World } from './world.ts';

/** @throws SetUpFault with what is wrong and what to do about it */
export async function checkSetUp(world: World): Promise<void> {
  await homeserverAnswers(world);
  for (const role of world.parts.registrations.keys()) await serviceIsKnown(world, role);
  await peopleMayRegister(world);
  await kitIsReached(world);
}

async function homeserverAnswers(world: World): Promise<void> {
  const answer = await world.call('GET', '/_matrix/client/versions');
  if (answer.status === 200 && Array.isArray(answer.json['versions'])) return;
  throw new SetUpFault([
    `no homeserver answers at ${world.parts.url}: GET /_matrix/client/versions: ${describe(answer)}`,
    'give --against the base url of its client-server API, such as http://127.0.0.1:8008',
  ]);
}

async function serviceIsKnown(world: World, role: Role): Promise<void> {
  const answer = await world.as(role, 'GET', '/account/whoami');
  if (answer.status !== 401) return;
  throw new SetUpFault([
    `the homeserver does not know the as_token of conformance-${role}: ${describe(answer)}`,
    'let it load the files that --write-registrations wrote, start it again where it needs that, and give --registrations their folder',
  ]);
}

async function peopleMayRegister(world: World): Promise<void> {
  const answer = await world.tryToRegister(world.unique('conformance_'));
  if (answer.status === 200) {
    world.keep(answer.json);
    return;
  }
  throw new SetUpFault(
    world.parts.sharedSecret === undefined
      ? [
          `the kit cannot register people there: ${describeInFull(answer)}`,
          'give --shared-secret with the homeserver’s registration_shared_secret (Pons: accounts.registration.shared_secret),',
          'or let everybody register while it is measured (Pons: accounts.registration.mode: open)',
        ]
      : [
          `the kit cannot register people by the shared secret: ${describeInFull(answer)}`,
          'give --shared-secret what the homeserver has as registration_shared_secret (Pons: accounts.registration.shared_secret)',
        ],
  );
}

async function kitIsReached(world: World): Promise<void> {
  const { id, url } = world.registration('main');
  const answer = await world.as('main', 'POST', `/_matrix/client/v1/appservice/${part(id)}/ping`, { body: {} });
  // A homeserver without pings is measured all the same.
  if (answer.errcode !== 'M_CONNECTION_FAILED' && answer.errcode !== 'M_CONNECTION_TIMEOUT') return;
  throw new SetUpFault([
    `the homeserver cannot reach the kit at ${url}: ${describeInFull(answer)}`,
    'give --host the address at which it reaches this machine, and let it call that address (Pons: appservices.allow_private_addresses)',
  ]);
}
