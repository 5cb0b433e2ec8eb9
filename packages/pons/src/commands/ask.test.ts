// What ends a question without an answer.
import { expect, it } from 'vitest';
import { ask } from './ask.ts';

// As @clack/prompts answers: by a symbol when its signal says so.
const asked = (signal: AbortSignal) =>
  new Promise<symbol>((resolve) => signal.addEventListener('abort', () => resolve(Symbol('cancelled'))));

it.each<[string, () => void]>([
  ['Ctrl-D', () => void process.stdin.emit('keypress', '\u0004', { ctrl: true, name: 'd' })],
  ['a standard input that ends', () => void process.stdin.emit('end')],
  ['nothing else that could happen', () => void process.emit('beforeExit', 0)],
])('%s is a no', async (_, happens) => {
  const listening = process.stdin.listenerCount('keypress');
  const answer = ask(asked);
  process.stdin.emit('keypress', 'd', { ctrl: false, name: 'd' });
  happens();
  expect(await answer).toBeUndefined();
  expect(process.stdin.listenerCount('keypress')).toBe(listening);
});

it('an answer is an answer', async () => {
  expect(await ask(() => Promise.resolve('keep'))).toBe('keep');
});
