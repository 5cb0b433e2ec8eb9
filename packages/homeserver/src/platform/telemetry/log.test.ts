// The log as it is written: levels, structure, what is redacted, and the form for people.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createLog, humanLine, type LogLevel } from './log.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function written(
  level: LogLevel,
  write: (log: ReturnType<typeof createLog>) => void,
): Promise<Record<string, unknown>[]> {
  const file = join(folder, `${level}.log`);
  const log = createLog({ level, file });
  write(log);
  log.error({}, 'last');
  const lines = () => readFileSync(file, 'utf8').trim().split('\n');
  await expect.poll(() => lines().at(-1)).toContain('last');
  return lines().map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a line is one JSON object with level, time, message and fields, and lower levels are left out', async () => {
  const lines = await written('info', (log) => {
    log.debug({}, 'not this');
    log.child({ part: 'door' }).info({ n: 1 }, 'this');
  });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    level: 'info',
    part: 'door',
    n: 1,
    msg: 'this',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('what may hold a secret is redacted by its name, at the top and one below', async () => {
  const [line] = await written('warn', (log) =>
    log.warn({ access_token: 's3cret', body: { password: 's3cret', as_token: 's3cret', harmless: 1 } }, 'x'),
  );
  expect(JSON.stringify(line)).not.toContain('s3cret');
  expect(line).toMatchObject({ access_token: '[redacted]', body: { password: '[redacted]', harmless: 1 } });
});

test('an error keeps its stack', async () => {
  const [line] = await written('error', (log) => log.error({ err: new RangeError('too far') }, 'request failed'));
  expect(line).toMatchObject({
    err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('log.test.ts') },
  });
});

test('people read the time, the level, the message and the fields on one line', () => {
  const json = JSON.stringify({
    level: 'warn',
    time: '2026-11-24T10:00:01.234Z',
    id: 'a-1',
    n: { b: 2 },
    msg: 'slow request',
  });
  expect(humanLine(json)).toBe('10:00:01.234 warn  slow request id=a-1 n={"b":2}\n');
});
