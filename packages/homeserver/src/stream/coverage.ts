// Which positions a process has been told of. They arrive as ranges, in any order when several processes write; everything up to
// `upTo` has been told, what lies beyond waits for the gap before it to close.

/** Ranges beyond the first gap; with more of them the oldest gap is given up, and the poll finds what was in it. */
const rangesMax = 1_000;

export interface Coverage {
  /** Told of `first` to `last`. */
  add(first: number, last: number): void;
  /** Everything up to here is taken as told. */
  restart(position: number): void;
  /** All up to here has been told. */
  readonly upTo: number;
  /** The newest position told. */
  readonly newest: number;
}

export function createCoverage(): Coverage {
  let upTo = 0;
  let newest = 0;
  let beyond: (readonly [number, number])[] = [];

  function close(): void {
    beyond.sort((a, b) => a[0] - b[0]);
    let closed = 0;
    for (const [first, last] of beyond) {
      if (first > upTo + 1) break;
      upTo = Math.max(upTo, last);
      closed += 1;
    }
    beyond = beyond.slice(closed);
  }

  return {
    add: (first, last) => {
      newest = Math.max(newest, last);
      if (first === upTo + 1 && beyond.length === 0) {
        upTo = last;
        return;
      }
      if (beyond.length < rangesMax) beyond.push([first, last]);
      close();
    },
    restart: (position) => {
      upTo = Math.max(upTo, position);
      newest = Math.max(newest, position);
      close();
    },
    get upTo() {
      return upTo;
    },
    get newest() {
      return newest;
    },
  };
}
