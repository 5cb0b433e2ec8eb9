// The Matrix user behind an event, as the network needs them: their name, and their connection.

import { endpoints } from '@pons/spec/endpoints';
import { requestTo } from '../../client/request.ts';
import type { Bridge } from '../bridge.ts';
import type { LoginEntry } from '../people/login.ts';
import { SendFailure } from '../send-failure.ts';

/** Failing to connect is worth another try, whatever the network threw. */
export async function openSession(bridge: Bridge, entry: LoginEntry): Promise<unknown> {
  try {
    return await bridge.logins.session(entry);
  } catch (error) {
    throw error instanceof SendFailure
      ? error
      : new SendFailure('try-again', `cannot connect to ${bridge.network.name}`);
  }
}

/** Their display name, else their localpart. */
export async function displayName(bridge: Bridge, userId: string): Promise<string> {
  const localpart = userId.slice(1, userId.indexOf(':'));
  try {
    const request = requestTo(endpoints.getProfileField, { path: { userId, keyName: 'displayname' } });
    const answer = await bridge.appservice.bot.call(request);
    return typeof answer['displayname'] === 'string' && answer['displayname'] !== ''
      ? answer['displayname']
      : localpart;
  } catch {
    // No profile, or a server that does not tell: the localpart is a name too.
    return localpart;
  }
}
