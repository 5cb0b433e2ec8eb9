// Which known word a mistyped one was meant to be: the smallest number of letters changed, put in, left out.

/** The known word nearest to `word`. */
export function nearest(word: string, known: readonly string[]): string {
  const [first = ''] = known.toSorted((a, b) => distance(word, a) - distance(word, b));
  return first;
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
