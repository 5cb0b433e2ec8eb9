// Ports of loopback: for listeners whose port has to stand in a registration before they listen.
import net from 'node:net';

function listenOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const { port: got } = server.address() as net.AddressInfo;
      server.close(() => resolve(got));
    });
  });
}

/** Whether nobody listens on a loopback port. */
export async function isFree(port: number): Promise<boolean> {
  return (await listenOnce(port)) !== undefined;
}

/** A loopback port that nobody listens on. */
export async function freePort(): Promise<number> {
  return (await listenOnce(0)) ?? 0;
}
