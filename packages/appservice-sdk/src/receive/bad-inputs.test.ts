// The catalogue of bad requests to an application service (bad-inputs.json, area as-sdk): each is answered as it says.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppService } from '../appservice.ts';

interface Entry {
  readonly id: string;
  readonly area: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyGen?: {
    readonly prefix: string;
    readonly unit: string;
    readonly count: number;
    readonly suffix: string;
  };
  readonly status: readonly number[];
  readonly errcode?: string;
}
const catalogue = path.resolve(import.meta.dirname, '../../../homeserver/test/bad-inputs/bad-inputs.json');
const all = JSON.parse(readFileSync(catalogue, 'utf8')) as Entry[];
const entries = all.filter(({ area }) => area === 'as-sdk');
const folder = mkdtempSync(path.join(tmpdir(), 'pons-bad-sdk-'));
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const handled: string[] = [];
let appservice: AppService;

async function start(): Promise<AppService> {
  const started = new AppService({ homeserverToken: 'hs', store: path.join(folder, 'store.sqlite'), log: quiet });
  started.on('event', ({ event_id: eventId }: { event_id: string }) => handled.push(eventId));
  await started.listen(0, '127.0.0.1');
  return started;
}
beforeAll(async () => {
  appservice = await start();
});
afterAll(async () => {
  await appservice.close();
  rmSync(folder, { recursive: true });
});

const filled = (text: string) => text.replaceAll('{hs_token}', 'hs').replaceAll('{server}', 'localhost');

async function ask({ method, path: where, headers, body, bodyGen }: Entry) {
  const generated =
    bodyGen === undefined ? undefined : bodyGen.prefix + bodyGen.unit.repeat(bodyGen.count) + bodyGen.suffix;
  const text = generated ?? (body === undefined || body === '' ? undefined : filled(body));
  const response = await fetch(`http://127.0.0.1:${appservice.port}${filled(where)}`, {
    method,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
    ...(text === undefined ? {} : { body: text }),
  });
  const answer = await response.text();
  return { status: response.status, errcode: (JSON.parse(answer || '{}') as { errcode?: string }).errcode };
}

describe('bad inputs: as-sdk', () => {
  test.each(entries.map((one) => [`${one.id} ${one.name}`, one] as const))('%s', async (_, entry) => {
    const answer = await ask(entry);
    expect(entry.status).toContain(answer.status);
    if (entry.errcode !== undefined) expect(answer.errcode).toBe(entry.errcode);
  });

  test('BI-300 the handler is called once, also after a restart in between', async () => {
    const twice = entries.find(({ id }) => id === 'BI-300');
    expect(twice).toBeDefined();
    if (twice === undefined) return;
    await ask(twice);
    await appservice.close();
    appservice = await start();
    expect(await ask(twice)).toMatchObject({ status: 200 });
    await expect.poll(() => handled).toEqual(['$a']);
  });
});
