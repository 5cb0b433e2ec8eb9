// A whole number as the value of an option.

import { InvalidArgumentError } from 'commander';

/** The highest port. */
export const portMax = 65_535;

/** Reads one for commander, which names the option. @throws InvalidArgumentError for anything else */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const wanted = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
  return (text) => {
    const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Write a whole number, ${wanted}.`);
  };
}
