// What a bridge was refused: each kind that was not to be expected is a figure of its own that must be none.

import { type Figures, none } from '../as-check/check.ts';
import type { RequestRecorder } from './request-recorder.ts';

/** Figures of all refusals but those that `expected` matches, as `METHOD path status errcode`. */
export function refusals(recorder: RequestRecorder, expected: RegExp): Figures {
  const kinds = recorder
    .refused(expected)
    .map(({ method, path, status, errcode, times }): [string, Figures[string]] => [
      `${method} ${path} ${status} ${errcode}`.trim(),
      none(times, 'refused'),
    ]);
  const asked = [...recorder.asked.values()].reduce((sum, { times }) => sum + times, 0);
  return {
    requests: { value: asked, unit: 'asked', least: 1 },
    'refused otherwise than expected': none(kinds.length, 'kinds'),
    ...Object.fromEntries(kinds),
  };
}
