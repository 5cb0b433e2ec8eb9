// Power levels: what a user may do. Read here once for everybody: authorisation, notifications (@room), redactions, createRoom.
// Nothing is parsed ahead: a room may list thousands of users and an event asks for two. Keys come from events, so only own properties
// count (`constructor` is a fine event type).
// https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels

import { isJsonObject, type JsonObject, type JsonValue, type Pdu, type RoomVersionRules } from '@pons/spec';

/** Answers about power in a room, at one state of it. */
export interface PowerLevels {
  /** Infinity for creators since room version 12. */
  levelOf(userId: string): number;
  /** Level needed to send an event of that type, memberships and redactions of others' events aside. */
  needed(type: string, isState: boolean): number;
  readonly invite: number;
  readonly kick: number;
  readonly ban: number;
  /** For redacting what users of other servers have sent. */
  readonly redact: number;
  /** Level needed to send an ephemeral event of that type (com.beeper.ephemeral): that of a message where the room does not say. */
  ephemeral(type: string): number;
  /** Level needed to notify by that key, such as `room`. */
  notification(key: string): number;
}

type Event = Pick<Pdu, 'sender' | 'content'>;

const modifyDefault = 50;
const creatorDefault = 100;

/** Power levels from the create event and the m.room.power_levels event of a state; either may be missing. */
export function powerLevelsOf(
  create: Event | undefined,
  levels: Event | undefined,
  rules: RoomVersionRules,
): PowerLevels {
  return new LevelsOfState(create, levels, rules);
}

// A class, for every event asks: an object of closures is made ten times as dearly.
class LevelsOfState implements PowerLevels {
  readonly #create: Event | undefined;
  readonly #content: JsonObject | undefined;
  readonly #rules: RoomVersionRules;

  constructor(create: Event | undefined, levels: Event | undefined, rules: RoomVersionRules) {
    this.#create = create;
    this.#content = levels?.content;
    this.#rules = rules;
  }

  levelOf(userId: string): number {
    const create = this.#create;
    const rules = this.#rules;
    if (create !== undefined && rules.creatorsHaveInfinitePower && isCreator(create, userId, rules)) return Infinity;
    if (this.#content === undefined) {
      return create !== undefined && isCreator(create, userId, rules) ? creatorDefault : 0;
    }
    return this.#inner('users', userId) ?? this.#level('users_default', 0);
  }

  needed(type: string, isState: boolean): number {
    const own = this.#inner('events', type);
    return own ?? (isState ? this.#level('state_default', modifyDefault) : this.#level('events_default', 0));
  }

  ephemeral(type: string): number {
    const own = this.#inner('com.beeper.ephemeral', type);
    return own ?? this.#level('com.beeper.ephemeral_default', this.#level('events_default', 0));
  }

  notification(key: string): number {
    return this.#inner('notifications', key) ?? modifyDefault;
  }

  get invite(): number {
    return this.#level('invite', 0);
  }

  get kick(): number {
    return this.#level('kick', modifyDefault);
  }

  get ban(): number {
    return this.#level('ban', modifyDefault);
  }

  get redact(): number {
    return this.#level('redact', modifyDefault);
  }

  #own(key: string): JsonValue | undefined {
    return member(this.#content, key);
  }

  #level(key: string, otherwise: number): number {
    return readLevel(this.#own(key), this.#rules) ?? otherwise;
  }

  #inner(key: string, name: string): number | undefined {
    return readLevel(member(this.#own(key), name), this.#rules);
  }
}

/** Creators of a room: one, and since room version 12 as many as its create event says. */
export function creatorsOf(create: Event, rules: RoomVersionRules): string[] {
  const additional = rules.creatorsHaveInfinitePower ? create.content['additional_creators'] : undefined;
  const first = rules.creatorIsSender ? create.sender : create.content['creator'];
  const all = [first, ...(Array.isArray(additional) ? additional : [])];
  return all.filter((each) => typeof each === 'string');
}

/** Whether a user is a creator of the room. */
export function isCreator(create: Event, userId: string, rules: RoomVersionRules): boolean {
  if ((rules.creatorIsSender ? create.sender : create.content['creator']) === userId) return true;
  const additional = rules.creatorsHaveInfinitePower ? create.content['additional_creators'] : undefined;
  return Array.isArray(additional) && additional.includes(userId);
}

const stringLevel = /^\s*[+-]?[0-9]+\s*$/;

/**
 * A level as an event states it. Up to room version 9 also from strings such as " +100 ", up to 5 from fractions, cut off, and from
 * numbers of any size. undefined when it is not a level.
 */
export function readLevel(value: JsonValue | undefined, rules: RoomVersionRules): number | undefined {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    return rules.strictCanonicalJson || !Number.isFinite(value) ? undefined : Math.trunc(value);
  }
  if (typeof value !== 'string' || rules.integerPowerLevels || !stringLevel.test(value)) return undefined;
  const level = Number(value.trim());
  return Number.isFinite(level) ? level : undefined;
}

/** Power levels as every room version takes them: integers, for strings and fractions that an older version let pass. */
export function integerLevels(content: JsonObject, rules: RoomVersionRules): JsonObject {
  const integer = (value: JsonValue): JsonValue => readLevel(value, rules) ?? value;
  return mapValues(content, (value) => (isJsonObject(value) ? mapValues(value, integer) : integer(value)));
}

function mapValues(object: JsonObject, change: (value: JsonValue) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? (value as JsonObject)[name] : undefined;
}
