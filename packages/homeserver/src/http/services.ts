// What a listener can serve, by the beginning of the path. A path that a listener does not serve is unknown there (404).

/** The parts of the house that a listener may show (`listeners[].serves`). */
export const services = ['client', 'federation', 'admin', 'console', 'metrics', 'health'] as const;

/** One of them. */
export type Service = (typeof services)[number];

const prefixes: readonly (readonly [prefix: string, services: readonly Service[]])[] = [
  ['/_matrix/client/', ['client']],
  ['/_matrix/media/', ['client']],
  ['/.well-known/matrix/server', ['client', 'federation']],
  ['/.well-known/matrix/', ['client']],
  ['/_matrix/federation/', ['federation']],
  ['/_matrix/key/', ['federation']],
  ['/_synapse/', ['admin']],
  ['/_pons/admin/', ['admin']],
  ['/_pons/client/', ['client']],
  ['/_pons/', ['console']],
  ['/metrics', ['metrics']],
  ['/health', ['health']],
];

/** Whether a listener that serves `wanted` shows this path. */
export function isServed(path: string, wanted: readonly Service[]): boolean {
  const [, by] = prefixes.find(([prefix]) => path.startsWith(prefix)) ?? [];
  return by !== undefined && by.some((service) => wanted.includes(service));
}
