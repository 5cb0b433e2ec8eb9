// What must hold of every history, as properties: run with few cases on every change (properties.test.ts) and with many before a release
// (properties.slow.test.ts).

import fc from 'fast-check';
import { NaiveResolution } from './naive-resolution.ts';
import {
  arrival,
  claimedStates,
  claims,
  makeHistory,
  type Replay,
  replay,
  resolveWith,
  steps,
  textOf,
} from './random-history.ts';

export const everyVersion = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];
const version = fc.constantFrom(...everyVersion);

/** The state is the same in every order of arrival and by the second implementation, at every event and at the end. */
export const statesAgree = fc.property(version, steps, arrival, arrival, (of, made, one, two) => {
  const history = makeHistory(of, made);
  const { rules } = history;
  const expected = allOf(replay(history, resolveWith(rules)));
  const naive = replay(history, (states, events) => new NaiveResolution(rules, events).resolve(states), one);
  return allOf(naive) === expected && allOf(replay(history, resolveWith(rules), two)) === expected;
});

function allOf({ after, rejected, current }: Replay): string {
  const states = [...after].map(([id, state]) => `${id} ${textOf(state)}`).sort();
  return [...states, ...rejected, textOf(current)].join('\n');
}

const doubts = fc.array(fc.nat(40), { maxLength: 4 });

/** States that no history leads to, as a server that is wrong or lies may claim them, resolve alike in any order and by both. */
export const claimsAgree = fc.property(version, steps, claims, doubts, (of, made, claimed, doubted) => {
  const history = makeHistory(of, made);
  const resolve = resolveWith(history.rules);
  const received = [...replay(history, resolve).events];
  // Another server may have rejected other events.
  const events = new Map(
    received.map(([id, event], at) => [id, doubted.includes(at) && at > 0 ? { ...event, rejected: true } : event]),
  );
  const states = claimedStates(events, claimed);
  const turned = states.map((state) => new Map([...state].reverse())).reverse();
  const expected = textOf(resolve(states, events));
  const naive = new NaiveResolution(history.rules, events).resolve(states);
  return textOf(naive) === expected && textOf(resolve(turned, events)) === expected;
});
