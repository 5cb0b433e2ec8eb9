// Ports for processes that are stopped and started again on the same one: below the range from which the system takes ports for outgoing
// connections, so that nobody is given one meanwhile.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const lowest = 12_000;
const highest = 32_000;
const triesMax = 200;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** So many ports of loopback that nobody has now. */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  for (let tries = 0; tries < triesMax && found.length < count; tries++) {
    const port = randomInt(lowest, highest);
    if (!found.includes(port) && (await isFree(port))) found.push(port);
  }
  if (found.length < count) throw new Error(`no ${count} free ports between ${lowest} and ${highest}`);
  return found;
}
