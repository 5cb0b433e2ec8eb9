// PostgreSQL plans a statement by what it last counted in its tables. By itself it counts once a minute at best, and a bridge that brings
// its history to a new server is done by then: with plans made for empty tables, in which a look-up reads the whole room for each row.
// So the tables are counted as they grow, each time there is four times as much; from `countedUpTo` on PostgreSQL's own turns are enough.
// https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-STATISTICS

/** Positions after which it is worth while. */
const firstCount = 300;
const growth = 4;
/** Counting a million rows takes a second, which others would wait for; what has been counted with 20,000 is planned well until the next minute. */
const countedUpTo = 20_000;

/** Counts the tables of a database that grows. */
export class RowCounting {
  readonly #count: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #next = firstCount;
  #counting: Promise<void> | undefined;

  /** @param count  counts them once */
  constructor(count: () => Promise<void>, failed: (error: unknown) => void) {
    this.#count = count;
    this.#failed = failed;
  }

  /** The stream has come to this position. */
  reached(position: number): void {
    if (position < this.#next || this.#counting !== undefined) return;
    while (this.#next <= position) this.#next *= growth;
    if (this.#next > countedUpTo) this.#next = Number.POSITIVE_INFINITY;
    // Where a process begins with so much, PostgreSQL has counted it long ago.
    if (position > countedUpTo) return;
    this.#counting = this.#count()
      .catch(this.#failed)
      .finally(() => {
        this.#counting = undefined;
      });
  }

  /** Ends when nothing is being counted. */
  async stop(): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    await this.#counting;
  }
}
