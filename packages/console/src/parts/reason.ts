// What went wrong, as a sentence for the page.

/** The failure's message with a capital letter in front. */
export function reason(failure: unknown): string {
  const text = failure instanceof Error ? failure.message : String(failure);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
