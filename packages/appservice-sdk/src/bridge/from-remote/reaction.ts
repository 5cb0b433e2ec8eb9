// Remote reactions: one set or taken back, or the whole of what stands below a message, of which only the difference is carried.

import type { Bridge } from '../bridge.ts';
import type { Carried, Remember } from './carried.ts';
import type { Chat, MsgId, Ref, RemoteEvent, UserId } from '../network.ts';
import { ensureGhost } from '../people/ghost.ts';
import { findPortal } from '../portals/find-portal.ts';
import { msgOf, partOf } from '../store/messages.ts';
import { isOwnVoice, userOf } from './message.ts';

interface Change {
  readonly chat: Chat;
  readonly target: Ref;
  readonly user: UserId;
  readonly key: string;
  readonly on: boolean;
  readonly ts: number | undefined;
  readonly step: string;
}

/** Carries one reaction, or its end. */
export async function reactionFromRemote(
  bridge: Bridge,
  { login, event, key: step }: Carried<Extract<RemoteEvent, { t: 'react' }>>,
): Promise<Remember> {
  if (isOwnVoice(bridge, login, event.from)) return undefined;
  const { chat, target, key, on } = event;
  return await change(bridge, {
    chat,
    target,
    user: userOf(login, event.from),
    key,
    on,
    ts: event.at?.getTime(),
    step,
  });
}

/** Carries what changed between the reactions that are known and those that are. */
export async function reactionsFromRemote(
  bridge: Bridge,
  { event, key: step }: Carried<Extract<RemoteEvent, { t: 'reactions' }>>,
): Promise<Remember> {
  const { chat, target, all } = event;
  const msg: MsgId = msgOf(target);
  const before = bridge.messages.reactionsOn(chat, msg);
  const remembers: Remember[] = [];
  const todo = [
    ...before
      .filter((row) => !all[row.user]?.includes(row.key))
      .map((row) => ({ user: row.user, key: row.key, on: false })),
    ...Object.entries(all).flatMap(([user, keys]) => keys.map((key) => ({ user, key, on: true }))),
  ];
  for (const [index, one] of todo.entries()) {
    if (bridge.logins.isOurVoice(one.user)) continue;
    remembers.push(await change(bridge, { chat, target, ...one, ts: event.at?.getTime(), step: `${step} ${index}` }));
  }
  return () => remembers.forEach((remember) => remember?.());
}

async function change(bridge: Bridge, { chat, target, user, key, on, ts, step }: Change): Promise<Remember> {
  const msg = msgOf(target);
  const known = bridge.messages.reactionOf({ chat, msg, user, key });
  if (on === (known !== undefined)) return undefined;
  const portal = await findPortal(bridge, chat);
  const ghost = await ensureGhost(bridge, user);
  if (known) {
    await ghost.redact(portal.roomId, known.eventId, { key: step, ts });
    return () => bridge.messages.dropReaction(known.eventId);
  }
  const rows = bridge.messages.ofRemote(chat, msg);
  const row = rows.find((candidate) => candidate.part === (partOf(target) ?? '')) ?? rows[0];
  if (!row) return undefined;
  const relation = { rel_type: 'm.annotation', event_id: row.eventId, key };
  const eventId = await ghost.sendEvent(portal.roomId, 'm.reaction', { 'm.relates_to': relation }, { key: step, ts });
  return () => bridge.messages.putReaction({ eventId, chat, target, user, key });
}
