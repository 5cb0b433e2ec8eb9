// A table for people: columns as wide as their longest cell, numbers to the right. Programs take --json.

/** One cell: a number stands on the right. */
export type Cell = string | number | null | undefined;

/** Lines of a table; nothing under the headings is nothing at all, and empty headings are left out. */
export function tableLines(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  if (rows.length === 0) return [];
  const texts = rows.map((row) => headings.map((_, column) => textOf(row[column])));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...texts.map((row) => (row[column] ?? '').length)),
  );
  const isNumber = headings.map((_, column) =>
    rows.every((row) => row[column] === null || typeof row[column] === 'number'),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return [...(headings.every((heading) => heading === '') ? [] : [line(headings)]), ...texts.map(line)];
}

function textOf(cell: Cell): string {
  return cell === null || cell === undefined ? '' : String(cell);
}

/** Prints it. */
export function printTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
  for (const line of tableLines(headings, rows)) console.log(line);
}
