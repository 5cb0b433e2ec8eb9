// What went wrong, read out by screen readers; nothing when nothing did.

/** The sentence. */
export function Problem({ text }: { readonly text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <p class="bad" role="alert">
      {text}
    </p>
  );
}
