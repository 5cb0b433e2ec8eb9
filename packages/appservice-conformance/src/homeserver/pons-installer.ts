// How services are added to a running Pons and taken away: its admin API. Other servers have their own way, or none.

import { loadRegistration, type Registration } from '@pons/registration';
import { type Answer, call, describe, part } from '../call.ts';
import { makeRegistration, portOf, type Role, roleNames } from './roles.ts';
import type { Installer } from './world.ts';

const path = '/_pons/admin/v1/appservices';

/** @param token  access token of an administrator */
export function ponsInstaller(url: string, token: string): Installer {
  return {
    add: (registration): Promise<Answer> => call(url, 'POST', path, { token, body: { registration } }),
    remove: (id): Promise<Answer> => call(url, 'DELETE', `${path}/${part(id)}`, { token }),
  };
}

/**
 * Adds every service that the kit plays.
 *
 * @returns their registrations, and how they are taken away again
 * @throws Error with the server's words when it refuses one
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
      throw new Error(`the server does not take conformance-${role}: ${describe(answer)} ${answer.text}`);
    }
    registrations.set(role, loaded.registration);
  }
  return { registrations, remove };
}
