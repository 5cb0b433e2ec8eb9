// What a part is: a program that others wrote, unchanged, at work with this homeserver as its homeserver. It is driven as a person would
// drive it; its figures are counts of what arrived.

import type { Figures } from '../as-check/check.ts';
import type { Site } from './site.ts';

/** What a part showed. */
export interface Shown {
  readonly figures: Figures;
  /** Of every program that took part, by its name, as the program itself says. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A part. @throws Missing when something that it needs is not to be had; Error with the reason when it cannot be carried through */
export interface Part {
  /** One sentence: what is shown. */
  readonly claim: string;
  readonly run: (site: Site) => Promise<Shown>;
}

/** Something is not to be had here: the part was not tried, and counts as neither passed nor failed. */
export class Missing extends Error {}
