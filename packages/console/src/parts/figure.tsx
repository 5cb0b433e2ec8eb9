// One figure of a <dl class="figures">.
import type { ComponentChildren } from 'preact';

/** A name with its value below. */
export function Figure({ name, value }: { readonly name: string; readonly value: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
