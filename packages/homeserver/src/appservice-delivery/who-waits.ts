// Which application service waits for which. One that is asked whether a user or alias exists makes it with calls of its own, and those
// may ask again: of itself, or of another that in turn waits for the first. Such a circle would stand still until its deadline; whoever
// would close it is answered from what is there.

/** Waiting application services, by id. */
export class WhoWaits {
  readonly #waits = new Map<string, string[]>();

  /** Whether `from` is `to`, or waits for it, itself or through others. */
  leadsTo(from: string, to: string): boolean {
    const seen = new Set<string>();
    const next = [from];
    for (let at = next.pop(); at !== undefined; at = next.pop()) {
      if (at === to) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      next.push(...(this.#waits.get(at) ?? []));
    }
    return false;
  }

  /** Notes that `waiting` waits for these until the work is done. People wait for nobody: they are not asked either. */
  async during<T>(waiting: string | undefined, asked: readonly string[], work: Promise<T>): Promise<T> {
    if (waiting === undefined) return work;
    this.#waits.set(waiting, [...(this.#waits.get(waiting) ?? []), ...asked]);
    try {
      return await work;
    } finally {
      const left = [...(this.#waits.get(waiting) ?? [])];
      for (const id of asked) left.splice(left.indexOf(id), 1);
      if (left.length === 0) this.#waits.delete(waiting);
      else this.#waits.set(waiting, left);
    }
  }
}
