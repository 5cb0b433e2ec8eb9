// Bounds of an LRUCache by number. Its own `max` takes the memory for all of them at once, 16 bytes each: thirty caches that a small server
// never fills were 6 MB, and the garbage collector went through them each time.

/** Options of an LRUCache that holds at most so many. */
export function atMost(count: number): { maxSize: number; sizeCalculation: () => number } {
  return { maxSize: count, sizeCalculation: one };
}

function one(): number {
  return 1;
}
