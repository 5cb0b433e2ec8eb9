// The word that somebody meant: for misspelt keys.

/** The nearest of some words. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  return words.toSorted((a, b) => distance(word, a) - distance(word, b))[0];
}

/** The nearest of some words, if it is near enough to have been meant. */
export function meant(word: string, words: readonly string[]): string | undefined {
  const best = nearest(word, words) ?? '';
  const farthest = Math.max(1, Math.floor(Math.min(word.length, best.length) / 3));
  return distance(word, best) <= farthest ? best : undefined;
}

/** Letters to change, add or take away to make one word of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
