// What the page says of a platform that lies, a server that goes away and one that has nothing yet.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type AccessScene, LOCAL_TOKEN, openAccessScene } from '@skerry/access/testing';
import { type Api, openApi } from '@skerry/api';
import { MemoryPlatform } from '@skerry/api/testing';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { ServerProcess, type SessionCookie, sessionCookie } from '@skerry/testkit';
import { axeFindings, buildPage, misfits, openBrowser, PAGE_FOLDER, sees, type Visitors } from './browser.ts';

const KEY = { tenant: 'acme', project: 'plant', device: 'pump-7' };
const LOST = 'The connection to the server is lost.';

const clock = nodeClock();
let browser: Visitors;
/** One for all servers of this file, so that a session outlives a server. */
let scene: AccessScene;

before(async () => {
  buildPage();
  browser = await openBrowser();
  scene = await openAccessScene();
  await scene.access.book.addUser('admin', { grants: [{ role: 'admin' }] });
  // has no language of their own: their browser's is taken
  await scene.access.book.addUser('reader', { grants: [{ role: 'viewer' }] });
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

function serve(platform: MemoryPlatform, port = 0): Promise<Api> {
  const needs = { platform, clock, logger: silentLogger, meter: createMeter(), access: scene.access };
  const bounds = { drainMs: 100 };
  return openApi({ host: '127.0.0.1', port, staticFolder: PAGE_FOLDER, bounds }, needs);
}

function cookieOf(api: Api): Promise<SessionCookie> {
  return sessionCookie(api.url, LOCAL_TOKEN);
}

function aPlatform(liveBatchesMax = 1_000): MemoryPlatform {
  const platform = new MemoryPlatform(clock, { liveBatchesMax });
  platform.ingest([{ ...KEY, values: { flow: 7 } }]);
  return platform;
}

test('the overview says when the ledger does not balance', async () => {
  const platform = aPlatform();
  platform.miscount = 2;
  await using api = await serve(platform);
  await using tab = await browser.open(api.url, { cookie: await cookieOf(api) });
  await sees(tab.page, 'Out of balance');
  await sees(tab.page, 'The ledger does not balance.');
  await sees(tab.page, 'received differs from the sum of the accounts by -2');
  assert.deepEqual([...(await misfits(tab.page)), ...(await axeFindings(tab.page))], []);
  assert.deepEqual(tab.complaints, []);
});

test('the page tells a lost connection, and shows what came meanwhile though the feed has a gap', async () => {
  const platform = aPlatform(2);
  const first = await serve(platform);
  await using tab = await browser.open(`${first.url}/devices/acme/plant/pump-7`, {
    cookie: await cookieOf(first),
  });
  await tab.page.locator('.connection-live').waitFor();
  await tab.page.locator('td.value', { hasText: '7' }).waitFor();
  platform.ingest([{ ...KEY, values: { flow: 8 } }]);
  await tab.page.locator('td.value', { hasText: '8' }).waitFor();
  await first[Symbol.asyncDispose]();
  await sees(tab.page, LOST);
  assert.deepEqual([...(await misfits(tab.page)), ...(await axeFindings(tab.page))], []);
  for (const flow of [71, 72, 73, 74, 77.5]) platform.ingest([{ ...KEY, values: { flow } }]);
  await using _ = await serve(platform, first.address.port);
  await tab.page.locator('td.value', { hasText: '77.5' }).waitFor();
  await tab.page.locator('.connection-live').waitFor();
  await tab.page.getByText('Show as a table').click();
  await sees(tab.page, '7 points');
  assert.equal(await tab.page.getByText(LOST).count(), 0);
});

test('a list that cannot be loaded says why and is loaded at the next try', async () => {
  await using api = await serve(aPlatform());
  await using tab = await browser.open(api.url, { cookie: await cookieOf(api) });
  await tab.page.route('**/api/v1/devices?*', (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: '/errors/unavailable',
        title: 'x',
        status: 503,
        detail: 'the store is away',
        code: 'unavailable',
        instance: 'r1',
      }),
    }),
  );
  await tab.page.getByRole('link', { name: 'Devices' }).first().click();
  await sees(tab.page, 'the store is away');
  await sees(tab.page, 'A part of the platform cannot answer at the moment.');
  assert.deepEqual(await axeFindings(tab.page), []);
  await tab.page.getByRole('button', { name: '中文' }).click();
  await sees(tab.page, '平台的某一部分暂时无法应答。');
  await tab.page.getByRole('button', { name: 'English' }).click();
  await tab.page.unroute('**/api/v1/devices?*');
  await tab.page.getByRole('button', { name: 'Try again' }).click();
  await tab.page.getByRole('link', { name: 'pump-7' }).waitFor();
  assert.equal(await tab.page.getByText('the store is away').count(), 0);
});

test('the overview begins with why the node is not ready, in both languages', async () => {
  const platform = aPlatform();
  platform.reasons = [{ code: 'disk-full', detail: 'the disk is full; publishers wait' }];
  await using api = await serve(platform);
  for (const [language, words] of [
    ['en', 'The disk is full'],
    ['zh', '磁盘已满'],
  ] as const) {
    await using tab = await browser.open(api.url, {
      cookie: await sessionCookie(api.url, LOCAL_TOKEN, 'reader'),
      language,
    });
    await tab.page.locator('.problem-grave').first().getByText(words).first().waitFor();
    await sees(tab.page, 'the disk is full; publishers wait');
    assert.deepEqual(await axeFindings(tab.page), []);
  }
});

test('a hidden tab has no stream, and shows what came meanwhile when it is seen again', async () => {
  const platform = aPlatform();
  await using api = await serve(platform);
  await using tab = await browser.open(`${api.url}/devices/acme/plant/pump-7`, {
    cookie: await cookieOf(api),
  });
  await tab.page.locator('.connection-live').waitFor();
  const hide = (isHidden: boolean) =>
    tab.page.evaluate(`(() => {
      Object.defineProperty(document, 'hidden', { get: () => ${isHidden}, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
  await hide(true);
  await tab.page.locator('.connection-paused').waitFor();
  platform.ingest([{ ...KEY, values: { flow: 99.5 } }]);
  await hide(false);
  await tab.page.locator('td.value', { hasText: '99.5' }).waitFor();
  await tab.page.locator('.connection-live').waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('a session that ends brings the reader to the sign-in, and back to where they were', async () => {
  await using api = await serve(aPlatform());
  const made = await fetch(`${api.url}/api/v1/users`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${LOCAL_TOKEN}`,
      'content-type': 'application/json',
      'x-skerry-request': '1',
    },
    body: JSON.stringify({ name: 'ann', grants: [{ role: 'viewer' }], password: 'ann-password-1' }),
  });
  assert.equal(made.status, 200);
  await using tab = await browser.open(`${api.url}/devices`, { cookie: await cookieOf(api) });
  await tab.page.locator('[data-row="0"]').waitFor();
  await tab.page.getByRole('searchbox').fill('pump');
  await tab.page.waitForURL('**/devices?*pump*');
  const { pathname, search } = new URL(tab.page.url());
  await tab.page.context().clearCookies();
  await tab.page.getByLabel('User name').fill('ann');
  await tab.page.getByLabel('Password').fill('ann-password-1');
  await tab.page.getByRole('button', { name: 'Sign in' }).click();
  await tab.page.locator('[data-row="0"]').waitFor();
  const after = new URL(tab.page.url());
  assert.deepEqual([after.pathname, after.search], [pathname, search]);
  await sees(tab.page, 'ann');
});

test('a room that cannot be loaded stops by itself, and the others live on', async () => {
  await using api = await serve(aPlatform());
  await using tab = await browser.open(api.url, { cookie: await cookieOf(api) });
  await tab.page.route('**/assets/ledger-room*', (route) => route.abort());
  await tab.page.getByRole('navigation').getByRole('link', { name: 'Ledger' }).click();
  await sees(tab.page, 'This room has stopped');
  assert.deepEqual(await axeFindings(tab.page), []);
  await tab.page.getByRole('navigation').getByRole('link', { name: 'Devices' }).click();
  await tab.page.locator('[data-row="0"]').waitFor();
});

test('a new server says how to send the first message, and shows it when it comes', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'skerry-page-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dataDir, { recursive: true }));
  const server = stack.use(await ServerProcess.start({ dataDir }));
  const url = `http://127.0.0.1:${server.httpPort}`;
  await using tab = await browser.open(`${url}/devices`, { cookie: await sessionCookie(url, server.token) });
  const { page } = tab;
  const command = await page.locator('.empty code').textContent();
  assert.deepEqual([...(await misfits(page)), ...(await axeFindings(page))], []);
  const words = /^mosquitto_pub -h (\S+) -p (\d+) -q 1 -t (\S+) -m '(.+)'$/.exec(String(command));
  const [, host = '', port = '', topic = '', payload = ''] = words ?? [];
  const needs = { clock, random: nodeRandom(), net: nodeNet() };
  const address = { host, port: Number(port) };
  await using publisher = await openPublisher({ address, clientId: 'first' }, needs);
  publisher.publish(topic, Buffer.from(payload));
  await publisher.drained();
  await page.getByRole('link', { name: 'my-device' }).click();
  await page.locator('td.value', { hasText: '21.5' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});
