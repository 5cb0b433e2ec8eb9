// The proof that the quick start prints: one real message in each direction through the bridge, between two ordinary clients, timed.
import type { MatrixPerson } from '../matrix-person.ts';
import type { IrcVisitor } from './irc-visitor.ts';

const arriveWithinMs = 30_000;

export interface Crossing {
  readonly ircToMatrixMs: number;
  readonly matrixToIrcMs: number;
}

/** Sends both and waits for both. @throws Error naming the direction that failed */
export async function proveCrossing(irc: IrcVisitor, matrix: MatrixPerson, roomId: string): Promise<Crossing> {
  const toMatrix = 'Hello from IRC: this line crossed the bridge.';
  const toIrc = 'Hello from Matrix: this line crossed the bridge.';
  const from = performance.now();
  const arrived = matrix.hear(toMatrix, arriveWithinMs);
  irc.say(toMatrix);
  await arrived.catch((error: unknown) => fail('IRC → Matrix', error));
  const between = performance.now();
  const heard = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it did not arrive in time')), arriveWithinMs);
    const stop = irc.onLine((_nick, text) => {
      if (!text.includes(toIrc)) return;
      clearTimeout(timer);
      stop();
      resolve();
    });
  });
  await matrix.say(roomId, toIrc);
  await heard.catch((error: unknown) => fail('Matrix → IRC', error));
  return { ircToMatrixMs: between - from, matrixToIrcMs: performance.now() - between };
}

function fail(direction: string, error: unknown): never {
  throw new Error(`${direction}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}
