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
import { buildPage, openBrowser, PAGE_FOLDER, picture, sees, TWO_LOOKS, type Visitors } from './browser.ts';

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
  await using tab = await browser.open(api.url, await cookieOf(api));
  await sees(tab.page, 'Out of balance');
  await sees(tab.page, 'The ledger does not balance.');
  await sees(tab.page, 'received differs from the sum of the accounts by -2');
  assert.deepEqual(await picture(tab.page, 'overview-unbalanced', TWO_LOOKS), []);
  assert.deepEqual(tab.complaints, []);
});

test('the page tells a lost connection, and shows what came meanwhile though the feed has a gap', async () => {
  const platform = aPlatform(2);
  const first = await serve(platform);
  await using tab = await browser.open(`${first.url}/devices/acme/plant/pump-7`, await cookieOf(first));
  await tab.page.locator('.connection-live').waitFor();
  await tab.page.locator('td.value', { hasText: '7' }).waitFor();
  platform.ingest([{ ...KEY, values: { flow: 8 } }]);
  await tab.page.locator('td.value', { hasText: '8' }).waitFor();
  await first[Symbol.asyncDispose]();
  await sees(tab.page, LOST);
  assert.deepEqual(await picture(tab.page, 'disconnected', TWO_LOOKS), []);
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
  await using tab = await browser.open(api.url, await cookieOf(api));
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
  await tab.page.unroute('**/api/v1/devices?*');
  await tab.page.getByRole('button', { name: 'Try again' }).click();
  await tab.page.getByRole('link', { name: 'pump-7' }).waitFor();
  assert.equal(await tab.page.getByText('the store is away').count(), 0);
});

test('a new server says how to send the first message, and shows it when it comes', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'skerry-page-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(dataDir, { recursive: true }));
  const server = stack.use(await ServerProcess.start({ dataDir }));
  const url = `http://127.0.0.1:${server.httpPort}`;
  await using tab = await browser.open(`${url}/devices`, await sessionCookie(url, server.token));
  const { page } = tab;
  const command = await page.locator('.empty code').textContent();
  assert.deepEqual(await picture(page, 'empty', TWO_LOOKS), []);
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
