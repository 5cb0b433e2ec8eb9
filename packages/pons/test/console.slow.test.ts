// The console in a real browser beside a homeserver without the quick start: an application service's page as it goes, its users and
// tokens, adding one, a message's journey, a person's own page; and that Try it, which this server does not have, is not offered.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generateRegistration } from '@pons/registration';
import { AppserviceDouble } from '@pons/testkit/appservice';
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
let alice: { userId: string; token: string };
const picky = new AppserviceDouble();
const asToken = 'c'.repeat(64);

/** The registration that is pasted. */
const registration = (more: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: 'picky',
    url: `http://127.0.0.1:${picky.port}`,
    as_token: asToken,
    hs_token: 'd'.repeat(64),
    sender_localpart: '_picky_bot',
    rate_limited: false,
    namespaces: { users: [{ regex: '@_picky_[a-z]+:localhost', exclusive: true }] },
    pons: { double_puppet: true },
    ...more,
  });

const at = (place: string) => page.goto(`${served.url}/_pons/console/#/${place}`);
const text = () => page.locator('main').innerText();

async function signIn(name: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(`password of ${name}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function say(roomId: string, body: string): Promise<string> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(body)}`;
  const sent = await request(served.url, 'PUT', path, { token: alice.token, body: { msgtype: 'm.text', body } });
  return String(sent['event_id']);
}

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
  await picky.listen();
  await registerUser(served.url, 'bob');
  alice = await registerUser(served.url, 'alice');
  await request(served.url, 'POST', '/_matrix/client/v3/createRoom', { token: alice.token, body: {} });
  if (browserPath === undefined) return;
  browser = await chromium.launch({
    executablePath: browserPath,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
  });
  page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
  await page.goto(`${served.url}/_pons/console/`);
  await signIn('alice');
  await page.getByRole('link', { name: 'Application services' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await served?.end();
  await picky.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the first page counts the people who use the server, the one who looks among them', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.goto(`${served.url}/_pons/console/`);
  await expect.poll(text).toMatch(/People today\s+[1-9]\d*\s+Yesterday\s+0\s+In 30 days\s+[1-9]/i);
});

test('an application service’s page shows its queue and its last error, pauses it and lets it go on', async ({
  skip,
}) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.getByRole('link', { name: 'Application services' }).click();
  await page.locator('[data-appservice=deaf]').getByRole('link', { name: 'deaf' }).click();
  await page.getByRole('heading', { name: 'deaf', level: 1 }).waitFor();
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

test('one is added live: what is wrong with its registration is told with its place, what is unwise in words', async ({
  skip,
}) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await at('appservices');
  await page.getByRole('link', { name: 'Add one' }).click();
  const check = async (pasted: string) => {
    await page.getByLabel('Registration').fill(pasted);
    await page.getByRole('button', { name: 'Check' }).click();
  };
  await check(registration({ hs_token: 7 }));
  await page.getByText('The registration is refused').waitFor();
  expect(await text()).toMatch(/Line 1, hs_token: /);
  expect(await page.getByRole('button', { name: 'Add picky' }).count()).toBe(0);
  await check(registration({ namespaces: { users: [{ regex: '@_picky', exclusive: true }] } }));
  await page.getByText('does not cover the whole id').waitFor();
  await check(registration());
  await page.getByRole('button', { name: 'Add picky' }).click();
  await page.getByRole('heading', { name: 'picky', level: 1 }).waitFor();
  expect(await answersPing()).toMatch(/Answered the ping in \d+ ms/);
});

async function answersPing(): Promise<string> {
  await page.getByRole('button', { name: 'Ping' }).click();
  const said = page.getByText(/Answered the ping/);
  await said.waitFor();
  return said.innerText();
}

/** A room with a ghost of the picky one in it. */
async function roomWith(localpart: string): Promise<string> {
  const register = { type: 'm.login.application_service', username: localpart, inhibit_login: true };
  await request(served.url, 'POST', '/_matrix/client/v3/register', { token: asToken, body: register });
  const body = { preset: 'public_chat' };
  const room = await request(served.url, 'POST', '/_matrix/client/v3/createRoom', { token: alice.token, body });
  const roomId = String(room['room_id']);
  const join = `/_matrix/client/v3/join/${encodeURIComponent(roomId)}?user_id=${encodeURIComponent(`@${localpart}:localhost`)}`;
  await request(served.url, 'POST', join, { token: asToken, body: {} });
  return roomId;
}

test('transactions appear as they go, with what was written hidden and the journey of an event as a picture', async ({
  skip,
}) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  const roomId = await roomWith('_picky_bob');
  await at('appservices/picky');
  const eventId = await say(roomId, 'a-secret-of-alice');
  await picky.until(() => picky.events.some(({ event_id: id }) => id === eventId));
  const { txnId } = picky.transactions.find(({ body }) => body.includes(eventId)) ?? {};
  const row = page.locator(`[data-transaction="${txnId}"]`);
  await expect.poll(() => row.innerText()).toContain('accepted');
  await row.getByRole('button').press('Enter');
  const opened = page.locator(`[data-transaction="${txnId}"] + tr [data-opened="${txnId}"]`);
  const events = opened.locator('select');
  await events.waitFor();
  await events.selectOption({ label: (await events.locator('option').allInnerTexts()).at(-1) ?? '' });
  const picture = opened.locator(`[data-journey="${eventId}"]`);
  for (const station of ['Request', 'Commit', 'Freeze', 'Transaction', 'Acknowledged'])
    await expect
      .poll(() => picture.locator('li.done', { hasText: station }).innerText())
      .toMatch(/\d\d:\d\d:\d\d\.\d{3}/);
  await opened.getByText('Body, with what was written hidden').click();
  await expect.poll(() => opened.locator('pre').innerText()).toContain('… 17 characters');
  expect(await page.content()).not.toContain('a-secret-of-alice');
  await opened.getByRole('link', { name: 'Its way to every application service' }).click();
  await page.getByRole('heading', { name: 'A message’s journey' }).waitFor();
  await expect
    .poll(() => page.locator('[data-stop=picky]').innerText())
    .toMatch(/acknowledged[^]*members: @_picky_bob:localhost/);
  await page.getByLabel('Event id').fill('$nothing');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('This server does not have that event in that room.').waitFor();
});

test('what it refuses is listed with the reason, and sent again one by one or from a time on', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  picky.judge = ({ body }) => (body.includes('poison') ? 413 : undefined);
  const roomId = await roomWith('_picky_eve');
  for (const body of ['poison-one', 'poison-two']) await say(roomId, body);
  await at('appservices/picky');
  const rows = page.locator('[data-set-aside]');
  await expect.poll(() => rows.count()).toBe(2);
  expect(await rows.first().innerText()).toContain('answered 413');
  picky.judge = () => undefined;
  await rows.first().getByRole('button', { name: 'Send again' }).click();
  await picky.until(() => picky.events.some(({ content }) => content['body'] === 'poison-one'));
  await expect.poll(() => rows.count()).toBe(1);
  const before = picky.transactions.length;
  await page.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog').getByLabel('Events of').selectOption('60');
  await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click();
  const again = () => picky.transactions.slice(before).some(({ body }) => body.includes('a-secret-of-alice'));
  await picky.until(again);
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
});

test('new tokens are shown once, a user of it is ended, and Escape ends nothing', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await at('appservices/picky/ghosts');
  const ghost = page.locator('[data-ghost="@_picky_bob:localhost"]');
  await ghost.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
  await ghost.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate' }).click();
  await expect.poll(() => ghost.innerText()).toContain('deactivated');
  await page.getByRole('link', { name: 'Registration and tokens' }).click();
  await page.getByRole('button', { name: 'New tokens' }).click();
  await page.getByRole('button', { name: 'Make new tokens' }).click();
  const shown = page.locator('[data-secret=as_token]');
  await shown.waitFor();
  const token = await shown.innerText();
  const whoAmI = await request(served.url, 'GET', '/_matrix/client/v3/account/whoami', { token });
  expect(whoAmI['user_id']).toBe('@_picky_bot:localhost');
  await page.getByRole('button', { name: 'I have them' }).click();
  expect(await page.content()).not.toContain(token);
});

test('no page is wider than a narrow screen, and no table has to be scrolled sideways there', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.setViewportSize({ width: 390, height: 800 });
  const heading = {
    appservices: 'Application services',
    'appservices/picky': 'Transactions',
    'appservices/picky/ghosts': 'picky',
    'appservices/picky/registration': 'Tokens',
  };
  for (const [place, title] of Object.entries({ ...heading, journey: 'A message’s journey', you: 'You' })) {
    await at(place);
    await page.getByRole('heading', { name: title }).first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const tables = page.locator('.scroll');
    if (place.startsWith('appservices') && !place.endsWith('registration')) await tables.first().waitFor();
    expect(await tables.evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length)).toBe(0);
  }
  await page.setViewportSize({ width: 1200, height: 800 });
});

test('Try it is not offered where there is no quick start, and says so to whoever goes there', async ({ skip }) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.goto(`${served.url}/_pons/console/#/try-it`);
  await page.getByText('This page needs the quick start').waitFor();
  expect(await page.getByRole('link', { name: 'Try it' }).count()).toBe(0);
  await page.goto(`${served.url}/_pons/console/#/appservices/nobody`);
  await page.getByRole('alert').waitFor();
});

test('a person who is no administrator sees what asks to speak for them, allows it and takes it back', async ({
  skip,
}) => {
  if (browser === undefined) return skip('no Chromium on this machine');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await signIn('bob');
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor();
  expect(await page.getByRole('link', { name: 'Application services' }).count()).toBe(0);
  const consent = page.locator('[data-consent=picky]');
  await consent.getByRole('button', { name: 'Allow' }).click();
  await expect.poll(() => consent.innerText()).toContain('speaks for you since');
  await consent.getByRole('button', { name: 'Take it back' }).click();
  await expect.poll(() => consent.innerText()).toContain('asks to speak for you');
  await at('appservices');
  await page.getByRole('heading', { name: 'You', exact: true }).waitFor();
});
