// What the page says when the server stalls, and when a part of what is asked for cannot be seen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AccessScene, LOCAL_TOKEN, openAccessScene } from '@skerry/access/testing';
import { type Api, openApi } from '@skerry/api';
import { MemoryPlatform } from '@skerry/api/testing';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { type SessionCookie, sessionCookie } from '@skerry/testkit';
import { axeFindings, buildPage, misfits, openBrowser, PAGE_FOLDER, sees, type Visitors } from './browser.ts';

const OWN = { tenant: 'acme', project: 'plant', device: 'pump-7' };
const FOREIGN = { tenant: 'other', project: 'plant', device: 'secret-1' };
const LOST = 'The connection to the server is lost.';

const clock = nodeClock();
let browser: Visitors;
let scene: AccessScene;

before(async () => {
  buildPage();
  browser = await openBrowser();
  scene = await openAccessScene();
  await scene.access.book.addUser('admin', { grants: [{ role: 'admin' }] });
  // chooses a language, which then is theirs on every page
  await scene.access.book.addUser('anna', { grants: [{ role: 'admin' }] });
  await scene.access.book.addUser('vera', { grants: [{ role: 'viewer', tenant: 'acme' }] });
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

function serve(platform: MemoryPlatform): Promise<Api> {
  const needs = { platform, clock, logger: silentLogger, meter: createMeter(), access: scene.access };
  const bounds = { drainMs: 100 };
  return openApi({ host: '127.0.0.1', port: 0, staticFolder: PAGE_FOLDER, bounds }, needs);
}

function cookieOf(api: Api, name = 'admin'): Promise<SessionCookie> {
  return sessionCookie(api.url, LOCAL_TOKEN, name);
}

function aPlatform(): MemoryPlatform {
  const platform = new MemoryPlatform(clock, { liveBatchesMax: 1_000 });
  platform.ingest([
    { ...OWN, values: { flow: 7 } },
    { ...FOREIGN, values: { flow: 9 } },
  ]);
  return platform;
}

/** Holds up every question to a platform until the returned function is called. */
function stall(platform: MemoryPlatform): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const later =
    <A extends readonly unknown[], T>(ask: (...words: A) => Promise<T>) =>
    async (...words: A): Promise<T> => {
      await promise;
      return await ask(...words);
    };
  platform.overview = later(platform.overview.bind(platform));
  platform.devices = later(platform.devices.bind(platform));
  platform.device = later(platform.device.bind(platform));
  return resolve;
}

test('a server that stalls is nowhere called live, a room that waits for it gives up with words, and all comes back', async () => {
  const platform = aPlatform();
  await using api = await serve(platform);
  const cookie = await cookieOf(api, 'anna');
  await using tab = await browser.open(`${api.url}/devices/acme/plant/pump-7`, { cookie });
  const { page } = tab;
  await page.locator('.connection-live').waitFor();
  await page.locator('.fresh-live').waitFor();
  const goOn = stall(platform);
  await page.locator('.connection-stale', { hasText: 'No answer' }).waitFor();
  await page.locator('.fresh-unknown', { hasText: 'Not current' }).waitFor();
  assert.equal(await page.locator('.connection-live, .fresh-live').count(), 0);
  assert.deepEqual([...(await misfits(page)), ...(await axeFindings(page))], []);
  await page.getByRole('link', { name: 'Overview' }).click();
  await sees(page, 'Whether something needs attention is not known.');
  assert.equal(await page.getByText('every record accounted for').count(), 0);
  assert.deepEqual(await page.locator('.tile-value').first().allTextContents(), ['–/s']);
  await page.getByRole('link', { name: 'Devices' }).first().click();
  await sees(page, 'The server has not answered within 10 seconds.');
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByRole('button', { name: '中文' }).click();
  await sees(page, '服务器在 10 秒内没有应答。');
  await page.locator('.connection-stale', { hasText: '没有应答' }).waitFor();
  goOn();
  await page.locator('[data-row="0"]', { hasText: 'pump-7' }).waitFor();
  await page.locator('.connection-live').waitFor();
  assert.equal(await page.getByText('服务器在 10 秒内没有应答。').count(), 0);
});

test('a device that may not be seen takes neither the stream nor the chart of another one with it', async () => {
  const platform = aPlatform();
  await using api = await serve(platform);
  const cookie = await cookieOf(api, 'vera');
  for (const [language, unknown] of [
    ['en', 'No device of this name was ever seen.'],
    ['zh', '从未见过此名称的设备。'],
  ] as const) {
    await using tab = await browser.open(`${api.url}/devices/other/plant/secret-1`, { cookie, language });
    await sees(tab.page, unknown);
    await tab.page.locator('.connection-live').waitFor();
    assert.equal(await tab.page.locator('.notice', { hasText: LOST }).count(), 0);
  }
  const path = `/devices/acme/plant/pump-7?compare=other/plant/secret-1,acme/plant/never-seen`;
  await using tab = await browser.open(api.url + path, { cookie });
  const { page } = tab;
  for (const name of ['other / plant / secret-1', 'acme / plant / never-seen'])
    await sees(page, `${name} is not compared. No device of this name was ever seen.`);
  await page.locator('.chart canvas').waitFor();
  await page.locator('.connection-live').waitFor();
  // a line of one device has no legend; the two that do not exist have none in it either
  assert.equal(await page.locator('.chart-card .legend:not(.small)').count(), 0);
  platform.ingest([{ ...OWN, values: { flow: 8.25 } }]);
  await page.locator('td.value', { hasText: '8.25' }).waitFor();
  assert.equal(await page.getByText(LOST).count(), 0);
  assert.deepEqual(await axeFindings(page), []);
});

test('the head of a device counts what has just come', async () => {
  const platform = aPlatform();
  await using api = await serve(platform);
  await using tab = await browser.open(`${api.url}/about`, { cookie: await cookieOf(api) });
  const { page } = tab;
  // the clock of the page and its stream go on; nothing is asked for regularly, which would tell of it too
  await page.addInitScript(
    'const every = window.setInterval; window.setInterval = (work, ms) => (ms > 1_000 ? 0 : every(work, ms))',
  );
  await page.goto(`${api.url}/devices/acme/plant/pump-7`);
  await sees(page, '1 record stored');
  await page.locator('.connection-live').waitFor();
  platform.ingest([{ ...OWN, values: { flow: 8 } }]);
  await page.locator('td.value', { hasText: '8' }).waitFor();
  await sees(page, '2 records stored');
  assert.deepEqual(tab.complaints, []);
});

test('the disk is told with what it has left, how long that lasts, and what raw points take', async () => {
  const platform = aPlatform();
  const [overview, configuration] = [platform.overview.bind(platform), platform.configuration()];
  const startMs = clock.nowMicros() / 1_000 - 62_000;
  const bytesAt = (ms: number) => ({
    journalBytes: Math.round(ms - startMs),
    storeBytes: Math.round(20 * (ms - startMs)),
  });
  platform.overview = async () => ({
    ...(await overview()),
    ...bytesAt(clock.nowMicros() / 1_000),
    diskFreeBytes: 3_000_000_000,
  });
  platform.configuration = () => ({ ...configuration, values: { series: { rawDays: 3 } } });
  // a minute of figures as a server that is older would have kept them
  const samples = Array.from({ length: 62 }, (_, second) => ({
    time: new Date(startMs + second * 1_000).toISOString(),
    receivedPerSecond: 1,
    pointsPerSecond: 1,
    delayP50Ms: 40,
    delayP99Ms: 120,
    backlogRecords: 0,
    ...bytesAt(startMs + second * 1_000),
  }));
  await using api = await serve(platform);
  for (const [language, ...facts] of [
    [
      'en',
      '2.8 GiB on the disk of the data folder',
      'the disk is full in 1 day',
      'Series grow by 1.6 GiB a day at this rate; the raw points of 3 days take 4.8 GiB.',
      'median · 99th percentile 118 ms',
    ],
    [
      'zh',
      '数据目录所在磁盘剩余 2.8 GiB',
      '磁盘将在 1天后写满',
      '序列每天增长 1.6 GiB；3天的原始数据点占用 4.8 GiB',
      '中位数 · 第 99 百分位 118 ms',
    ],
  ] as const) {
    await using tab = await browser.open(`${api.url}/about`, { cookie: await cookieOf(api), language });
    const { page } = tab;
    await page.route('**/api/v1/overview/history', (route) =>
      route.fulfill({ json: { time: new Date(startMs + 62_000).toISOString(), samples } }),
    );
    await page.goto(api.url);
    for (const fact of facts) await sees(page, fact);
    assert.deepEqual(tab.complaints, []);
  }
});
