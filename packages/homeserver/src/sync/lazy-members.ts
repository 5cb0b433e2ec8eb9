// Lazy-loading of members: which member events a response needs, and which the client has already. What was sent is remembered by device,
// together with the position of the response that carried it: it counts only once the client has shown, by its token, that it got it.
// Forgetting (a restart, another process) costs a repetition, nothing else.
// https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members

import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';

/** Devices remembered, and member events of each: some 200 bytes apiece, so 100 MB when all are full. */
const devicesMax = 500;
const membersMax = 1_000;

interface Sent {
  readonly eventId: string;
  /** Position of the response. */
  readonly at: number;
}

/** What each device was sent. */
export class SentMembers {
  readonly #devices = new LRUCache<string, LRUCache<string, Sent>>(atMost(devicesMax));

  /** Whether the device has this member event from an earlier response. */
  has(device: string, member: { roomNid: number; userId: string; eventId: string }, since: number): boolean {
    const sent = this.#devices.get(device)?.get(`${member.roomNid} ${member.userId}`);
    return sent !== undefined && sent.eventId === member.eventId && sent.at <= since;
  }

  /** A response at a position carries this member event. */
  add(device: string, member: { roomNid: number; userId: string; eventId: string }, at: number): void {
    let sent = this.#devices.get(device);
    if (sent === undefined) {
      // Not `max`, which allocates the whole list at once: 40 KB for each device.
      sent = new LRUCache(atMost(membersMax));
      this.#devices.set(device, sent);
    }
    sent.set(`${member.roomNid} ${member.userId}`, { eventId: member.eventId, at });
  }

  /** The device begins anew. */
  forget(device: string): void {
    this.#devices.delete(device);
  }
}
