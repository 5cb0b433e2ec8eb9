// Which endpoints of the specification does a running homeserver route?
//   node scripts/conformance/coverage.ts --client http://127.0.0.1:8008 [--federation https://…] [--list]
// Each endpoint is called without credentials. The specification asks for 404 or 405 M_UNRECOGNIZED where nothing is routed, so any other
// answer counts as routed. That an endpoint is routed says nothing about whether it works.
import { parseArgs } from 'node:util';
import type { Endpoint } from '@pons/spec/endpoints';
import { endpoints, federationEndpoints } from '@pons/spec/endpoints';

const { values } = parseArgs({
  options: {
    client: { type: 'string', default: 'http://127.0.0.1:8008' },
    federation: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
const placeholder: Record<string, string> = {
  roomId: '!room:example.org',
  roomIdOrAlias: '!room:example.org',
  roomAlias: '#alias:example.org',
  userId: '@user:example.org',
  serverName: 'example.org',
  eventId: '$event',
  eventType: 'm.room.message',
};

async function routed(base: string, { method, path }: Endpoint): Promise<boolean> {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(placeholder[name] ?? name));
  try {
    const response = await fetch(base + filled, {
      method,
      ...(method === 'GET' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }),
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    const body = await response.text();
    const unknown =
      [404, 405].includes(response.status) && (body.includes('M_UNRECOGNIZED') || !body.includes('errcode'));
    return !unknown && response.status < 500;
  } catch {
    return false; // nobody answers there
  }
}

for (const [name, list, base] of [
  ['client-server', Object.values(endpoints), values.client],
  ['server-server', Object.values(federationEndpoints), values.federation ?? values.client],
] as const) {
  let found = 0;
  for (const endpoint of list) {
    if (await routed(base, endpoint)) found += 1;
    else if (values.list) console.log(`missing: ${endpoint.method} ${endpoint.path}`);
  }
  console.log(`${name}: ${found} of ${list.length} routed`);
}
