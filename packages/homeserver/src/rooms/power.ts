// Power levels of a room as they are now, for checks outside the lane (the lane has its own, of the very moment).
import type { RoomVersionRules } from '@pons/spec';
import { type PowerLevels, powerLevelsOf } from '../rules/power-levels.ts';
import type { Queryable } from '../storage/database.ts';
import { currentEvents } from './current-state.ts';

/** The power levels of a room now. */
export async function powerIn(db: Queryable, roomNid: number, rules: RoomVersionRules): Promise<PowerLevels> {
  const state = await currentEvents(db, roomNid, [
    { type: 'm.room.create', stateKey: '' },
    { type: 'm.room.power_levels', stateKey: '' },
  ]);
  return powerLevelsOf(state.get('m.room.create'), state.get('m.room.power_levels'), rules);
}
