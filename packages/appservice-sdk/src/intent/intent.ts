// What one user of the application service does: each act registers and joins by itself first. A send takes a key that names it for
// ever (the id of what it answers, say): the same key gives the same transaction id, also after a crash, and the homeserver then
// answers with the event it already has.

import { createHash } from 'node:crypto';
import { beeperEndpoints, endpoints } from '@pons/spec/endpoints';
import type { CallRequest } from '../client/call.ts';
import { requestTo } from '../client/request.ts';
import { ensureJoined, whileJoined } from './ensure-joined.ts';
import { ensureRegistered } from './ensure-registered.ts';
import type { IntentOutside } from './outside.ts';

/** How to send. */
export interface SendOptions {
  /** Names this send over restarts: the same user, room, type and key make one event. Without it each call is an event. */
  readonly key?: string;
  /** When it happened, in milliseconds since 1970; the homeserver gives the event this time. */
  readonly ts?: number | undefined;
}

type Content = Readonly<Record<string, unknown>>;

/** How a user of ours removes somebody, and by which endpoint. */
const REMOVALS = { kick: endpoints.kick, ban: endpoints.ban, unban: endpoints.unban };

/** A user of ours who acts by intent. */
export class Intent {
  readonly userId: string;
  readonly #outside: IntentOutside;

  constructor(outside: IntentOutside, userId: string) {
    this.#outside = outside;
    this.userId = userId;
  }

  /** Makes the user exist. */
  ensureRegistered(): Promise<void> {
    return ensureRegistered(this.#outside, this.userId);
  }

  /** Makes the user a member of the room, invited by the bot when needed. */
  ensureJoined(roomId: string): Promise<void> {
    return ensureJoined(this.#outside, this.userId, roomId);
  }

  /** Any client-server call as this user, who is registered first: `call(requestTo(endpoints.getRoomState, { path: { roomId } }))`. */
  async call(request: CallRequest): Promise<Record<string, unknown>> {
    await this.ensureRegistered();
    return (await this.#outside.call({ ...request, asUser: this.userId })) as Record<string, unknown>;
  }

  /** Sends plain text. @returns the event's id */
  sendText(roomId: string, body: string, options?: SendOptions): Promise<string> {
    return this.sendEvent(roomId, 'm.room.message', { msgtype: 'm.text', body }, options);
  }

  /** Sends an event. @returns its id */
  async sendEvent(roomId: string, type: string, content: Content, options: SendOptions = {}): Promise<string> {
    const path = { roomId, eventType: type, txnId: this.#txnId([roomId, type], options.key) };
    return await this.#put(
      roomId,
      requestTo(endpoints.sendMessage, { path, body: content, query: { ts: options.ts } }),
    );
  }

  /**
   * Sends an event that is no part of the room's history and ends after two minutes (`com.beeper.ephemeral`): shown in /sync, and given to
   * listeners of `ephemeral_type:…`. Types are of one's own, or m.room.encrypted. A homeserver that has no such thing answers M_UNRECOGNIZED.
   */
  async sendEphemeralEvent(roomId: string, type: string, content: Content, options: SendOptions = {}): Promise<void> {
    const path = { roomId, eventType: type, txnId: this.#txnId([roomId, 'ephemeral', type], options.key) };
    const asked = { path, body: content, query: { ts: options.ts }, asUser: this.userId };
    await whileJoined(this.#outside, this.userId, roomId, () =>
      this.#outside.call(requestTo(beeperEndpoints.sendEphemeralEvent, asked)),
    );
  }

  /** Sets state. @returns the event's id */
  async sendState(roomId: string, type: string, stateKey: string, content: Content): Promise<string> {
    const path = { roomId, eventType: type, stateKey };
    return await this.#put(roomId, requestTo(endpoints.setRoomStateWithKey, { path, body: content }));
  }

  /** Redacts an event. @returns the redaction's id */
  async redact(
    roomId: string,
    eventId: string,
    options: SendOptions & { reason?: string | undefined } = {},
  ): Promise<string> {
    const path = { roomId, eventId, txnId: this.#txnId([roomId, 'redact', eventId], options.key ?? eventId) };
    const body = options.reason === undefined ? {} : { reason: options.reason };
    return await this.#put(roomId, requestTo(endpoints.redactEvent, { path, body, query: { ts: options.ts } }));
  }

  /** Leaves the room; to have left already is fine. */
  async leave(roomId: string, reason?: string): Promise<void> {
    const body = reason === undefined ? {} : { reason };
    await this.call(requestTo(endpoints.leaveRoom, { path: { roomId }, body, idempotent: true }));
    await this.#outside.store.setJoined(this.userId, roomId, false);
  }

  /** Invites somebody. */
  async invite(roomId: string, userId: string): Promise<void> {
    await this.ensureJoined(roomId);
    await this.call(requestTo(endpoints.inviteUser, { path: { roomId }, body: { user_id: userId }, idempotent: true }));
  }

  /** Removes somebody, or lets them in again. */
  async remove(roomId: string, userId: string, how: keyof typeof REMOVALS, reason?: string): Promise<void> {
    const body = reason === undefined ? { user_id: userId } : { user_id: userId, reason };
    await this.call(requestTo(REMOVALS[how], { path: { roomId }, body, idempotent: true }));
  }

  /** Sets the display name. */
  async setDisplayName(name: string): Promise<void> {
    await this.#setProfile('displayname', name);
  }

  /** Sets the avatar, an `mxc://` URI. */
  async setAvatarUrl(mxc: string): Promise<void> {
    await this.#setProfile('avatar_url', mxc);
  }

  /** Shows or hides that the user types. */
  async setTyping(roomId: string, typing: boolean, timeoutMs = 10_000): Promise<void> {
    await this.ensureJoined(roomId);
    const body = typing ? { typing, timeout: timeoutMs } : { typing };
    await this.call(requestTo(endpoints.setTyping, { path: { roomId, userId: this.userId }, body }));
  }

  /** Marks an event as read. */
  async markRead(roomId: string, eventId: string): Promise<void> {
    await this.ensureJoined(roomId);
    const path = { roomId, receiptType: 'm.read', eventId };
    await this.call(requestTo(endpoints.postReceipt, { path, body: {}, idempotent: true }));
  }

  async #setProfile(keyName: string, value: string): Promise<void> {
    const path = { userId: this.userId, keyName };
    await this.call(requestTo(endpoints.setProfileField, { path, body: { [keyName]: value } }));
  }

  async #put(roomId: string, request: CallRequest): Promise<string> {
    return await whileJoined(this.#outside, this.userId, roomId, async () => {
      const answer = await this.#outside.call({ ...request, asUser: this.userId });
      return (answer as { event_id: string }).event_id;
    });
  }

  /** Some homeservers keep transaction ids per application service, not per user: the user is part of it. */
  #txnId(about: readonly string[], key: string | undefined): string {
    const random = (): string => this.#outside.random().toString(36).slice(2);
    if (key === undefined) return `r${this.#outside.clock.now().toString(36)}${random()}${random()}`;
    return createHash('sha256')
      .update(JSON.stringify([this.userId, ...about, key]))
      .digest('base64url')
      .slice(0, 32);
  }
}
