// A text field of a form.

/** What was typed; '' when there is no such field. */
export function field(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
