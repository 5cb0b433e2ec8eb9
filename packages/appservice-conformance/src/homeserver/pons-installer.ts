// How services are added to a running Pons and taken away without a trace: its admin API. Other servers have their own way, or none.

import { loadRegistration, type Registration } from '@pons/registration';
import { type Answer, call, describeInFull, part } from '../call.ts';
import { SetUpFault } from '../outcome.ts';
import { makeRegistration, portOf, type Role, roleNames } from './roles.ts';
import type { Installer } from './world.ts';

const path = '/_pons/admin/v1';
const pagesMax = 1_000;

/** @param token  access token of an administrator */
export function ponsInstaller(url: string, token: string): Installer {
  const ask = (method: string, below: string, body?: object) =>
    call(url, method, `${path}${below}`, { token, ...(body === undefined ? {} : { body }) });
  const cleanUp = async (id: string, action: 'purge' | 'aliases'): Promise<void> => {
    let from: unknown;
    for (let page = 0; page < pagesMax; page++) {
      const { json } = await ask('POST', `/appservices/${part(id)}/clean_up`, {
        action,
        ...(typeof from === 'string' ? { from } : {}),
      });
      from = json['next'];
      if (typeof from !== 'string') return;
    }
  };
  return {
    add: (registration) => ask('POST', '/appservices', { registration }),
    async remove(id): Promise<Answer> {
      // The ids of its users are free again only when they are purged while it still claims them; its sender goes when it is gone.
      await cleanUp(id, 'purge');
      const answer = await ask('DELETE', `/appservices/${part(id)}`);
      await cleanUp(id, 'aliases');
      await cleanUp(id, 'purge');
      return answer;
    },
    deleteRoom: (roomId) => ask('DELETE', `/rooms/${part(roomId)}?remove_members=true`),
  };
}

/**
 * Adds every service that the kit plays.
 *
 * @returns their registrations, and how they are taken away again
 * @throws SetUpFault with the server's words when it refuses one
 */
export async function installAll(
  installer: Installer,
  where: { readonly host: string; readonly ports: readonly number[]; readonly dir: string },
): Promise<{ readonly registrations: Map<Role, Registration>; readonly remove: () => Promise<void> }> {
  const registrations = new Map<Role, Registration>();
  const remove = async (): Promise<void> => {
    for (const { id } of registrations.values()) await installer.remove(id);
  };
  for (const [index, role] of roleNames.entries()) {
    const made = makeRegistration(role, { ...where, port: portOf(where.ports, index) });
    await installer.remove(String(made['id'])); // left by a run that was broken off
    const answer = await installer.add(made);
    const loaded = loadRegistration(JSON.stringify(made), { file: role });
    if (answer.status !== 200 || loaded.outcome === 'refused') {
      await remove();
      throw new SetUpFault(whyRefused(role, answer));
    }
    registrations.set(role, loaded.registration);
  }
  return { registrations, remove };
}

function whyRefused(role: Role, answer: Answer): string[] {
  if (answer.status === 401 || answer.status === 403)
    return [`the token is not an administrator’s there: ${describeInFull(answer)}`, 'give another to --token'];
  if (answer.status === 0) return [`the homeserver does not answer (${answer.text}): is --against right?`];
  return [`the server does not take the service conformance-${role}: ${describeInFull(answer)}`];
}
