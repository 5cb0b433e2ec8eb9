// What one user of the application service does: each act registers and joins by itself first. A send takes a key that names it for
// ever (the id of what it answers, say): the same key gives the same transaction id, also after a crash, and the homeserver then
// answers with the event it already has.

import { createHash } from 'node:crypto';
import { type CallRequest, pathOf } from '../client/call.ts';
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

  /** Any client-server call as this user, who is registered first. */
  async call(request: Omit<CallRequest, 'asUser'>): Promise<Record<string, unknown>> {
    await this.ensureRegistered();
    return (await this.#outside.call({ ...request, asUser: this.userId })) as Record<string, unknown>;
  }

  /** Sends plain text. @returns the event's id */
  sendText(roomId: string, body: string, options?: SendOptions): Promise<string> {
    return this.sendEvent(roomId, 'm.room.message', { msgtype: 'm.text', body }, options);
  }

  /** Sends an event. @returns its id */
  async sendEvent(roomId: string, type: string, content: Content, options: SendOptions = {}): Promise<string> {
    const txnId = this.#txnId([roomId, type], options.key);
    const path = pathOf('/_matrix/client/v3/rooms/{roomId}/send/{type}/{txnId}', { roomId, type, txnId });
    return await this.#put(roomId, { path, body: content, ts: options.ts });
  }

  /** Sets state. @returns the event's id */
  async sendState(roomId: string, type: string, stateKey: string, content: Content): Promise<string> {
    const path = pathOf('/_matrix/client/v3/rooms/{roomId}/state/{type}/{stateKey}', { roomId, type, stateKey });
    return await this.#put(roomId, { path, body: content });
  }

  /** Redacts an event. @returns the redaction's id */
  async redact(
    roomId: string,
    eventId: string,
    options: SendOptions & { reason?: string | undefined } = {},
  ): Promise<string> {
    const txnId = this.#txnId([roomId, 'redact', eventId], options.key ?? eventId);
    const path = pathOf('/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}', { roomId, eventId, txnId });
    return await this.#put(roomId, {
      path,
      body: options.reason === undefined ? {} : { reason: options.reason },
      ts: options.ts,
    });
  }

  /** Leaves the room; to have left already is fine. */
  async leave(roomId: string, reason?: string): Promise<void> {
    const path = pathOf('/_matrix/client/v3/rooms/{roomId}/leave', { roomId });
    await this.call({ method: 'POST', path, body: reason === undefined ? {} : { reason }, idempotent: true });
    await this.#outside.store.setJoined(this.userId, roomId, false);
  }

  /** Invites somebody. */
  async invite(roomId: string, userId: string): Promise<void> {
    await this.ensureJoined(roomId);
    await this.call({
      method: 'POST',
      path: pathOf('/_matrix/client/v3/rooms/{roomId}/invite', { roomId }),
      body: { user_id: userId },
      idempotent: true,
    });
  }

  /** Removes somebody: `kick`, `ban` or `unban`. */
  async remove(roomId: string, userId: string, how: 'kick' | 'ban' | 'unban', reason?: string): Promise<void> {
    const body = reason === undefined ? { user_id: userId } : { user_id: userId, reason };
    await this.call({
      method: 'POST',
      path: `${pathOf('/_matrix/client/v3/rooms/{roomId}/', { roomId })}${how}`,
      body,
      idempotent: true,
    });
  }

  /** Sets the display name. */
  async setDisplayName(name: string): Promise<void> {
    await this.#profile('displayname', { displayname: name });
  }

  /** Sets the avatar, an `mxc://` URI. */
  async setAvatarUrl(mxc: string): Promise<void> {
    await this.#profile('avatar_url', { avatar_url: mxc });
  }

  /** Shows or hides that the user types. */
  async setTyping(roomId: string, typing: boolean, timeoutMs?: number): Promise<void> {
    await this.ensureJoined(roomId);
    const path = pathOf('/_matrix/client/v3/rooms/{roomId}/typing/{userId}', { roomId, userId: this.userId });
    await this.call({ method: 'PUT', path, body: typing ? { typing, timeout: timeoutMs ?? 10_000 } : { typing } });
  }

  /** Marks an event as read. */
  async markRead(roomId: string, eventId: string): Promise<void> {
    await this.ensureJoined(roomId);
    await this.call({
      method: 'POST',
      path: pathOf('/_matrix/client/v3/rooms/{roomId}/receipt/m.read/{eventId}', { roomId, eventId }),
      body: {},
      idempotent: true,
    });
  }

  async #profile(field: string, body: Content): Promise<void> {
    await this.call({
      method: 'PUT',
      path: pathOf('/_matrix/client/v3/profile/{userId}/{field}', { userId: this.userId, field }),
      body,
    });
  }

  async #put(roomId: string, put: { path: string; body: Content; ts?: number | undefined }): Promise<string> {
    return await whileJoined(this.#outside, this.userId, roomId, async () => {
      const answer = await this.#outside.call({
        method: 'PUT',
        path: put.path,
        body: put.body,
        asUser: this.userId,
        query: { ts: put.ts },
      });
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
