// What a person sees: lines of progress with their milliseconds, colours only on a terminal.

export interface Terminal {
  /** A step that takes time: prints its name, then how long it took. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  row(name: string, value: string): void;
  line(text?: string): void;
}

/** Writes to a stream; plain text where it is no terminal. */
export function terminal(out: NodeJS.WriteStream): Terminal {
  const colour = (code: string, text: string) =>
    out.isTTY && process.env['NO_COLOR'] === undefined ? `\u001b[${code}m${text}\u001b[0m` : text;
  return {
    async step(name, work) {
      const from = performance.now();
      if (out.isTTY) out.write(`${colour('2', `… ${name}`)}\r`);
      const result = await work();
      out.write(`${colour('32', '✓')} ${name} ${colour('2', `${Math.round(performance.now() - from)} ms`)}\n`);
      return result;
    },
    row: (name, value) => out.write(`  ${colour('2', name.padEnd(14))}${value}\n`),
    // Over the name of a step that goes on.
    line: (text = '') => out.write(`${out.isTTY ? '\r\u001b[K' : ''}${text}\n`),
  };
}
