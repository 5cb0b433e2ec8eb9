// One question to a person at a terminal. Standard input that is closed (Ctrl-D, a terminal that goes) is a no, as Ctrl-C is: without this
// the answer would never come, and the process would end in the middle of a command.

/**
 * Puts a question of @clack/prompts.
 *
 * @param put  given a signal that ends it
 * @returns the answer; undefined for a no
 */
export async function ask(put: (signal: AbortSignal) => Promise<string | symbol>): Promise<string | undefined> {
  const { stdin } = process;
  const closed = new AbortController();
  const close = () => closed.abort();
  const onKey = (_text: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === 'd') close();
  };
  stdin.once('end', close).once('close', close).on('keypress', onKey);
  // Nothing is left that could bring an answer.
  process.once('beforeExit', close);
  try {
    const answer = await put(closed.signal);
    return typeof answer === 'symbol' ? undefined : answer;
  } finally {
    stdin.off('end', close).off('close', close).off('keypress', onKey);
    process.off('beforeExit', close);
  }
}
