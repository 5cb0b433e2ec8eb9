// Presence is gathered from signs and ends by itself; only changes are told.
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { Presence, type PresenceReport } from './presence.ts';

const phone = { userId: '@a:x', deviceId: 'PHONE', stays: false };
const rooms = new Set([1]);

function presenceWith() {
  const clock = fakeClock();
  const published: PresenceReport[] = [];
  const told: string[] = [];
  const presence = new Presence({
    clock,
    publish: (report) => published.push(report),
    roomsOf: (userId) => Promise.resolve(userId === '@far:x' ? [2] : [1]),
  });
  presence.onChange((userId) => told.push(`${userId} ${presence.contentOf(userId)?.['presence'] as string}`));
  return { clock, presence, published, told };
}

describe('presence', () => {
  it('is online while a device syncs, and offline half a minute after it stopped', async () => {
    const { clock, presence, told } = presenceWith();
    const end = presence.syncing('@a:x', 'PHONE', 'online');
    await clock.advance(60_000);
    end();
    await clock.advance(25_000);
    expect(presence.contentOf('@a:x')).toEqual({ presence: 'online', last_active_ago: 85_000 });
    await clock.advance(10_000);
    expect(told).toEqual(['@a:x online', '@a:x offline']);
    expect(clock.pending).toBe(0);
  });

  it('is unavailable after five minutes without a deed, and online with the next', async () => {
    const { clock, presence, told } = presenceWith();
    presence.syncing('@a:x', 'PHONE', 'online');
    await clock.advance(300_000);
    presence.active('@a:x');
    await clock.advance(0);
    expect(told).toEqual(['@a:x online', '@a:x unavailable', '@a:x online']);
    presence.close();
  });

  it('is the best of all devices', async () => {
    const { clock, presence } = presenceWith();
    presence.syncing('@a:x', 'PHONE', 'unavailable');
    expect(presence.contentOf('@a:x')?.['presence']).toBe('unavailable');
    const end = presence.syncing('@a:x', 'LAPTOP', 'online');
    expect(presence.contentOf('@a:x')?.['presence']).toBe('online');
    end();
    await clock.advance(40_000);
    expect(presence.contentOf('@a:x')?.['presence']).toBe('unavailable');
    presence.close();
  });

  it('of somebody who does not want to be noticed is not noted', () => {
    const { presence } = presenceWith();
    presence.syncing('@a:x', 'PHONE', 'offline')();
    presence.active('@b:x');
    expect([presence.contentOf('@a:x'), presence.contentOf('@b:x')]).toEqual([undefined, undefined]);
  });

  it('said by an application service stays until it says otherwise', async () => {
    const { clock, presence, told } = presenceWith();
    presence.set({ userId: '@ghost:x', deviceId: '', stays: true }, { presence: 'online', statusMsg: 'on IRC' });
    await clock.advance(3_600_000);
    expect(presence.contentOf('@ghost:x')).toMatchObject({ presence: 'online', status_msg: 'on IRC' });
    presence.set({ userId: '@ghost:x', deviceId: '', stays: true }, { presence: 'offline' });
    await clock.advance(10_000);
    expect(told).toEqual(['@ghost:x online', '@ghost:x offline']);
    expect(clock.pending).toBe(0);
  });

  it('that changed is found by those in a room of the user, by a number that only grows', async () => {
    const { clock, presence } = presenceWith();
    const before = presence.serial;
    presence.set(phone, { presence: 'online' });
    presence.set({ ...phone, userId: '@far:x' }, { presence: 'online' });
    await clock.advance(0);
    expect(presence.changedSince(before, rooms)).toEqual(['@a:x']);
    const { serial } = presence;
    expect(presence.changedSince(serial, rooms)).toEqual([]);
    presence.set(phone, { presence: 'online', statusMsg: 'here' });
    await clock.advance(0);
    expect(presence.changedSince(serial, rooms)).toEqual(['@a:x']);
    presence.close();
  });

  it('heard from another process counts until that says otherwise, or is silent for five minutes', async () => {
    const { clock, presence, published } = presenceWith();
    const report = { userId: '@a:x', lastActiveTs: clock.now(), statusTs: 1 };
    presence.heard('p1', { ...report, presence: 'online', statusMsg: 'there' });
    presence.heard('p2', { ...report, presence: 'unavailable' });
    expect(presence.contentOf('@a:x')).toMatchObject({ presence: 'online', status_msg: 'there' });
    presence.heard('p1', { ...report, presence: 'offline' });
    expect(presence.contentOf('@a:x')?.['presence']).toBe('unavailable');
    await clock.advance(310_000);
    expect(presence.contentOf('@a:x')?.['presence']).toBe('offline');
    expect(published.filter(({ presence: told }) => told !== 'offline')).toEqual([]);
  });

  it('ends everywhere when the last device of two processes is gone', async () => {
    const clock = fakeClock();
    const both: Presence[] = [];
    const process = (index: number) =>
      new Presence({
        clock,
        publish: (report) => both[1 - index]?.heard(`p${index}`, report),
        roomsOf: () => Promise.resolve([1]),
      });
    both.push(process(0), process(1));
    const ends = both.map((presence, index) => presence.syncing('@a:x', `D${index}`, 'online'));
    const seen = () => both.map((presence) => presence.contentOf('@a:x')?.['presence']);
    ends[0]?.();
    await clock.advance(60_000);
    expect(seen()).toEqual(['online', 'online']);
    ends[1]?.();
    await clock.advance(60_000);
    expect(seen()).toEqual(['offline', 'offline']);
    expect(clock.pending).toBe(0);
  });

  it('is said again to other processes while it lasts', async () => {
    const { clock, presence, published } = presenceWith();
    presence.set({ ...phone, stays: true }, { presence: 'online' });
    await clock.advance(300_000);
    expect(published.map((report) => report.presence)).toEqual(['online', 'online', 'online']);
    presence.close();
  });

  it('that application services leave as it is makes room for who comes, the oldest first', async () => {
    const { clock, presence, told } = presenceWith();
    for (let n = 0; n < 50_000; n += 1)
      presence.set({ userId: `@g${n}:x`, deviceId: '', stays: true }, { presence: 'online' });
    presence.syncing('@a:x', 'PHONE', 'online');
    await clock.advance(0);
    expect(told.slice(50_000).toSorted()).toEqual(['@a:x online', '@g0:x undefined']);
    expect(presence.contentOf('@g1:x')).toMatchObject({ presence: 'online' });
    presence.close();
  });
});
