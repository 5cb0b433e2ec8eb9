// The quick start as a newcomer meets it: one command, the console in a real browser, and a message across in each direction.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);
const main = path.resolve(import.meta.dirname, '../src/main.ts');
const pictures = path.resolve(import.meta.dirname, '../../../docs/images');
const data = mkdtempSync(path.join(tmpdir(), 'pons-start-'));
let started: Started;

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly url: string;
  readonly readyMs: number;
}
function start(): Promise<Started> {
  const from = performance.now();
  const child = spawn(process.execPath, [main, 'start', '--data', data, '--port', '0', '--irc-port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      const url = /(http:\/\/[^\s]+)\/_pons\/console\//.exec(text)?.[1];
      if (url !== undefined && text.includes('Ctrl-C'))
        resolve({ child, output: () => text, url, readyMs: performance.now() - from });
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', (code) => reject(new Error(`start ended with ${code}\n${text}`)));
  });
}
function stop({ child }: Started): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.kill('SIGINT');
  });
}

beforeAll(async () => {
  started = await start();
});
afterAll(async () => {
  await stop(started);
  rmSync(data, { recursive: true, force: true });
});

test('start says where everything runs and proves that a message crossed in each direction', () => {
  const text = started.output();
  expect(text).toMatch(/IRC → Matrix.*\d+ ms/);
  expect(text).toMatch(/Matrix → IRC.*\d+ ms/);
  const password = readFileSync(path.join(data, 'admin-password'), 'utf8').trim();
  expect(password.length).toBeGreaterThan(15);
  console.warn(`from nothing to both proofs in ${Math.round(started.readyMs)} ms`);
});

test('Ctrl-C ends it with 0 and the second start is there again with the same account', async () => {
  expect(await stop(started)).toBe(0);
  started = await start();
  console.warn(`second start in ${Math.round(started.readyMs)} ms`);
  expect(started.output()).toContain('@admin:localhost');
});

test('a second one on the same folder says that it is in use, and leaves the first one and its bridge as they are', async () => {
  const registration = path.join(data, 'appservices/irc.yaml');
  const before = readFileSync(registration, 'utf8');
  const child = spawn(process.execPath, [main, 'start', '--data', data, '--port', '0', '--irc-port', '0']);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  expect(await new Promise((ended) => child.once('close', ended))).toBe(2);
  expect(errors).toMatch(
    /^data folder \S+ is in use by another Pons process \(pid \d+\): stop it first, or choose another with --data\n$/,
  );
  expect(readFileSync(registration, 'utf8')).toBe(before);
});

describe('the console in Chromium', () => {
  let browser: Browser | undefined;
  let page: Page;
  beforeAll(async () => {
    if (browserPath === undefined) return;
    browser = await chromium.launch({
      executablePath: browserPath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  });
  afterAll(async () => browser?.close());

  test('an administrator signs in and sees the bridge, and what is typed on one side of Try it appears on the other', async ({
    skip,
  }) => {
    if (browser === undefined) return skip('no Chromium on this machine');
    await page.goto(`${started.url}/_pons/console/`);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill(readFileSync(path.join(data, 'admin-password'), 'utf8').trim());
    await page.getByRole('button', { name: 'Sign in' }).click();
    const row = page.locator('[data-appservice=irc]');
    await row.waitFor();
    const delivered = async () => Number(await row.locator('[data-delivered]').textContent());
    const before = await delivered();

    await page.getByRole('link', { name: 'Try it' }).click();
    const matrix = page.locator('[data-side=Matrix]');
    const irc = page.locator('[data-side=IRC]');
    await matrix.getByLabel('Matrix message').fill('from Matrix, with love');
    await matrix.getByRole('button', { name: 'Send' }).click();
    await irc.getByText('from Matrix, with love').waitFor();
    await irc.getByLabel('IRC message').fill('from IRC, likewise');
    await irc.getByRole('button', { name: 'Send' }).click();
    await matrix.getByText('from IRC, likewise').waitFor();
    if (process.env['PONS_PICTURES'] !== undefined) await page.screenshot({ path: path.join(pictures, 'try-it.png') });

    await page.getByRole('link', { name: 'Overview' }).click();
    await row.waitFor();
    await expect.poll(delivered, { timeout: 60_000 }).toBeGreaterThan(before);
    if (process.env['PONS_PICTURES'] !== undefined)
      await page.screenshot({ path: path.join(pictures, 'overview.png') });
  });
});
