// Looks after what an application service made, also when it is gone itself: its ghosts end, are purged or leave their rooms, its
// aliases go. A page at a time: who asks (the command, the console) goes on where a page ended and sees how far it is; nothing is
// lost when it stops half-way, and to do a part again does no harm.

import { forgetGhost, type Ghost, listAliases, listGhosts } from '../appservices/ghosts.ts';
import type { AppserviceRegistry } from '../appservices/registry.ts';
import { endUser, type EndUserParts } from './deactivate-account.ts';

/** What becomes of ghosts or aliases. */
export const cleanUps = ['deactivate', 'purge', 'leave', 'aliases'] as const;
export type CleanUp = (typeof cleanUps)[number];

/** What cleaning up needs of the house. */
export interface CleanUpParts extends EndUserParts {
  readonly registry: AppserviceRegistry;
  /** Takes an alias off its room. */
  readonly removeAlias: (alias: string, roomId: string) => Promise<void>;
}

/** One page of work. */
export interface CleanUpPage {
  readonly appserviceId: string;
  readonly action: CleanUp;
  /** User ids or aliases that match from their start on; all without. */
  readonly pattern?: string;
  /** Where the page before ended. */
  readonly after: string;
  readonly limit: number;
}

/** What was done; `next` is where the next page begins, undefined after the last. */
export interface CleanUpDone {
  readonly done: number;
  readonly seen: number;
  readonly next: string | undefined;
}

/** Accounts that are worked on at once. */
const atOnce = 8;

/**
 * Does one page. The sender of an application service that runs is left alone.
 *
 * @throws MatrixError M_INVALID_PARAM for a pattern that is none
 */
export async function cleanUp(parts: CleanUpParts, page: CleanUpPage): Promise<CleanUpDone> {
  const { appserviceId, action } = page;
  const asked = { after: page.after, limit: page.limit, pattern: page.pattern ?? null };
  if (action === 'aliases') {
    const { found, seen, next } = await listAliases(parts.db, appserviceId, asked);
    await inGroups(found, ({ alias, roomId }) => parts.removeAlias(alias, roomId));
    return { done: found.length, seen, next };
  }
  const { found, seen, next } = await listGhosts(parts.db, appserviceId, asked);
  const sender = parts.registry.byId(appserviceId)?.sender;
  const wanted = found.filter(({ userId }) => userId !== sender);
  await inGroups(wanted, (ghost) => cleanUpGhost(parts, page, ghost));
  return { done: wanted.length, seen, next };
}

async function inGroups<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += atOnce) await Promise.all(all.slice(at, at + atOnce).map(work));
}

async function cleanUpGhost(parts: CleanUpParts, page: CleanUpPage, { userId }: Ghost): Promise<void> {
  const { appserviceId, action } = page;
  if (action === 'leave') return parts.leaveAllRooms(userId);
  await endUser(parts, userId, { erase: action === 'purge' });
  // An id that nobody else can have may be registered anew; another stays taken, as the specification asks of deactivated accounts.
  const appservice = parts.registry.byId(appserviceId);
  if (action === 'purge' && appservice?.namespaces.user(userId) === 'exclusive')
    await forgetGhost(parts.db, userId, appserviceId);
}
