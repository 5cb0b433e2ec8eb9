// Makes sure that a user of ours is in a room: joins, and where that is forbidden lets the bot invite and joins again. What is
// remembered can be out of date (a kick while we were down, another database): a refusal forgets it and tries once more.

import { endpoints } from '@pons/spec/endpoints';
import { isRefusal } from '../client/call-error.ts';
import { requestTo } from '../client/request.ts';
import { ensureRegistered } from './ensure-registered.ts';
import type { IntentOutside } from './outside.ts';

/** Registers and joins the user unless they are known to be in the room. */
export async function ensureJoined(outside: IntentOutside, userId: string, roomId: string): Promise<void> {
  await ensureRegistered(outside, userId);
  if (outside.store.isJoined(userId, roomId)) return;
  await outside.once(`join ${userId} ${roomId}`, async () => {
    try {
      await join(outside, userId, roomId);
    } catch (error) {
      if (!isRefusal(error, 'M_FORBIDDEN') || userId === outside.botUserId) throw error;
      await invite(outside, userId, roomId);
      await join(outside, userId, roomId);
    }
    await outside.store.setJoined(userId, roomId, true);
  });
}

/** Does `task` as a member of the room; when it is forbidden although we thought to be in, both are tried once more. */
export async function whileJoined<T>(
  outside: IntentOutside,
  userId: string,
  roomId: string,
  task: () => Promise<T>,
): Promise<T> {
  const remembered = outside.store.isRegistered(userId) && outside.store.isJoined(userId, roomId);
  await ensureJoined(outside, userId, roomId);
  try {
    return await task();
  } catch (error) {
    if (!remembered || !isRefusal(error, 'M_FORBIDDEN')) throw error;
    await outside.store.setRegistered(userId, false);
    await outside.store.setJoined(userId, roomId, false);
    await ensureJoined(outside, userId, roomId);
    return await task();
  }
}

async function join(outside: IntentOutside, userId: string, roomId: string): Promise<void> {
  const options = { path: { roomId }, body: {}, asUser: userId, idempotent: true };
  await outside.call(requestTo(endpoints.joinRoomById, options));
}

async function invite(outside: IntentOutside, userId: string, roomId: string): Promise<void> {
  await ensureRegistered(outside, outside.botUserId);
  const options = { path: { roomId }, body: { user_id: userId }, asUser: outside.botUserId, idempotent: true };
  await outside.call(requestTo(endpoints.inviteUser, options));
}
