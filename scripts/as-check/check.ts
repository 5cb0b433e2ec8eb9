// What a check is: it sets a homeserver process and scripted application services on a stage, and answers figures. Gates are counts and
// ratios of CPU time; latencies are printed and gate nothing, since the machine may be busy.

import type { Stage } from './stage.ts';

/** One figure; `limit` is the most it may be, `least` the least. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly limit?: number;
  readonly least?: number;
}

export type Figures = Readonly<Record<string, Figure>>;

/** How much is tried. */
export interface Size {
  /** The numbers of the project's issue instead of those that fit a short run. */
  readonly full: boolean;
}

/** A check. @throws Error with the reason when it cannot be carried through */
export interface Check {
  /** One sentence: what is shown. */
  readonly claim: string;
  readonly run: (stage: Stage, size: Size) => Promise<Figures>;
}

/** Whether a figure keeps what it must. */
export const keeps = ({ value, limit, least }: Figure): boolean =>
  Number.isFinite(value) && (limit === undefined || value <= limit) && (least === undefined || value >= least);

/** A figure that must be nothing. */
export const none = (value: number, unit: string): Figure => ({ value, unit, limit: 0 });

/** A figure that must be exactly this. */
export const exactly = (value: number, expected: number, unit: string): Figure => ({
  value,
  unit,
  limit: expected,
  least: expected,
});
