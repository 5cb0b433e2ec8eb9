// The console in a real browser beside a homeserver without the quick start: an application service's own page with its figures, its last
// error and its pause; and that Try it, which this server does not have, is not offered.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateRegistration } from '@pons/registration';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../src/loopback-port.ts';
import { consoleDir } from '../src/quick-start/build-console.ts';

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
);
const folder = mkdtempSync(path.join(tmpdir(), 'pons-console-'));
let served: Served;
let browser: Browser | undefined;
let page: Page;
let url = '';

beforeAll(async () => {
  // `pons serve` shows what is built and builds nothing itself.
  await consoleDir(() => undefined);
  url = `http://127.0.0.1:${await freePort()}`;
  writeFileSync(
    path.join(folder, 'deaf.yaml'),
    generateRegistration({
      id: 'deaf',
      url,
      asToken: 'a'.repeat(64),
      hsToken: 'b'.repeat(64),
      senderLocalpart: '_deaf_bot',
      namespaces: { users: [], aliases: [], rooms: [{ regex: '!.*', exclusive: false }] },
    }),
  );
  const config = testConfig({ appservices: { files: ['deaf.yaml'] }, admin: { users: ['@alice:localhost'] } });
  served = await serve({ dir: folder, config });
  const alice = await registerUser(served.url, 'alice');
  await request(served.url, 'POST', '/_matrix/client/v3/createRoom', { token: alice.token, body: {} });
  if (browserPath === undefined) return;
  browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
  });
  page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(`${served.url}/_pons/console/`);
  await page.getByLabel('User name').fill('alice');
  await page.getByLabel('Password').fill('password of alice');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Application services' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.end();
  rmSync(folder, { recursive: true, force: true });
});

test('an application service’s page shows its queue and its last error, pauses it and lets it go on', async ({
  skip,
}) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.getByRole('link', { name: 'Application services' }).click();
  await page.locator('[data-appservice=deaf]').getByRole('link', { name: 'deaf' }).click();
  await page.getByRole('heading', { name: 'deaf', level: 1 }).waitFor();
  const text = () => page.locator('main').innerText();
  await expect.poll(text).toContain(`@_deaf_bot:localhost, delivered to ${url}`);
  await expect.poll(text).toMatch(/ECONNREFUSED|connection/i);
  const badge = page.locator('h1 + .badge');
  await expect.poll(() => badge.innerText()).toBe('recovering');
  await page.getByRole('button', { name: 'Pause delivery' }).click();
  await expect.poll(() => badge.innerText()).toBe('paused');
  await page.getByRole('button', { name: 'Resume delivery' }).click();
  await expect.poll(() => badge.innerText()).not.toBe('paused');
  expect(await text()).toContain('No event was refused by it and set aside.');
});

test('Try it is not offered where there is no quick start, and says so to whoever goes there', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.goto(`${served.url}/_pons/console/#/try-it`);
  await page.getByText('This page needs the quick start').waitFor();
  expect(await page.getByRole('link', { name: 'Try it' }).count()).toBe(0);
  await page.goto(`${served.url}/_pons/console/#/appservices/nobody`);
  await page.getByRole('alert').waitFor();
});
