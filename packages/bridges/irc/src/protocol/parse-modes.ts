// A channel's MODE line to single changes, each argument to its own mode. Which modes take one is the network's choice
// (ISUPPORT PREFIX and CHANMODES); guessing has given the wrong person a rank in other bridges.
// https://modern.ircdocs.horse/#mode-message

import type { Isupport } from './isupport.ts';

/** One mode set or taken away. */
export interface ModeChange {
  set: boolean;
  mode: string;
  /** The nick of a rank, the mask of a list, the value of a parameter. */
  argument?: string;
}

/**
 * The single changes of a channel's MODE line, in order.
 *
 * @param modes     the first parameter after the channel: `+o-v+b`
 * @param args      the parameters after that
 * @returns         changes up to the first one whose argument is missing
 */
export function parseModes(modes: string, args: readonly string[], features: Isupport): ModeChange[] {
  const [lists, always, whenSet] = features.chanModes;
  const changes: ModeChange[] = [];
  let set = true;
  let next = 0;
  for (const mode of modes) {
    if (mode === '+' || mode === '-') {
      set = mode === '+';
      continue;
    }
    const isRank = features.prefixes.some((prefix) => prefix.mode === mode);
    const takes = isRank || always.includes(mode) || (set && whenSet.includes(mode));
    if (takes || (lists.includes(mode) && next < args.length)) {
      const argument = args[next++];
      if (argument === undefined) return changes;
      changes.push({ set, mode, argument });
    } else {
      changes.push({ set, mode });
    }
  }
  return changes;
}
