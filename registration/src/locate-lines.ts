// Where each value of a YAML file stands, so that a complaint can name the line. Walks js-yaml's events beside the values.

import { type Event, EVENT_ID, getScalarValue } from 'js-yaml';

/** Line of a value by its path (`namespaces.users[0].regex`); of the nearest value above it when it is absent. */
export type LineOf = (path: string) => number;

const mappingKeysMax = 10_000;

/** Lines of all values of the first document. */
export function locateLines(source: string, events: readonly Event[]): LineOf {
  const starts = lineStarts(source);
  const lines = new Map<string, number>();
  let next = events.findIndex((event) => event.type === EVENT_ID.DOCUMENT) + 1;

  function lineAt(offset: number): number {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  function walk(path: string): void {
    const event = events[next];
    next += 1;
    if (event === undefined || event.type === EVENT_ID.POP || event.type === EVENT_ID.DOCUMENT) return;
    if (event.type === EVENT_ID.SCALAR) return note(path, event.valueStart);
    if (event.type === EVENT_ID.ALIAS) return note(path, event.anchorStart);
    note(path, event.start);
    for (let index = 0; index < mappingKeysMax; index++) {
      const inner = events[next];
      if (inner === undefined || inner.type === EVENT_ID.POP) break;
      if (event.type === EVENT_ID.SEQUENCE) {
        walk(`${path}[${index}]`);
        continue;
      }
      const key = inner.type === EVENT_ID.SCALAR ? getScalarValue(source, inner) : '?';
      walk(`${path}?`);
      const below = path === '' ? key : `${path}.${key}`;
      if (inner.type === EVENT_ID.SCALAR) note(below, inner.valueStart);
      walk(below);
    }
    next += 1;
  }

  // The key's line is noted first and wins: a value on the next line is still complained about where its key stands.
  function note(path: string, offset: number): void {
    if (!lines.has(path)) lines.set(path, lineAt(Math.max(0, offset)));
  }

  walk('');
  return (path) => {
    for (let at = path; ; at = at.replace(/(\.[^.[\]]*|\[\d+\]|^[^.[\]]+)$/, '')) {
      const line = lines.get(at);
      if (line !== undefined) return line;
      if (at === '') return 1;
    }
  };
}

function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
