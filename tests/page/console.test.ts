import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Api, openApi } from '@skerry/api';
import { MemoryPlatform } from '@skerry/api/testing';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { type Browser, chromium, type Page } from 'playwright-core';

const KEY = { tenant: 'acme', project: 'plant' };
const MINUTE = 60_000_000;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];

const clock = nodeClock();
const folder = mkdtempSync(join(tmpdir(), 'skerry-page-'));
let browser: Browser;

before(async () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const build = ['node_modules/vite/bin/vite.js', 'build', 'packages/console', '--outDir', folder];
  execFileSync(process.execPath, [...build, '--emptyOutDir', '--logLevel', 'error'], { cwd: root });
  const executablePath = process.env.SKERRY_TEST_CHROMIUM ?? '/usr/bin/chromium';
  browser = await chromium.launch({ executablePath, args: [...FLAGS, ...QUIET_FLAGS] });
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** 500 devices of which one fell silent, and two dead letters. */
function aPlant(): MemoryPlatform {
  const platform = new MemoryPlatform(clock);
  const now = clock.nowMicros();
  for (let i = 0; i < 500; i++) {
    const age = i === 250 ? 180 * MINUTE : 1_000_000;
    platform.ingest([{ ...KEY, device: `pump-${i}`, timeMicros: now - age, values: { flow: i } }]);
  }
  for (let second = 600; second > 0; second--) {
    const values = { flow: Math.sin(second / 30), state: 'running' };
    platform.ingest([{ ...KEY, device: 'pump-0', timeMicros: now - second * 1_000_000, values }]);
  }
  for (const payload of [Uint8Array.of(0xff, 0x41), new TextEncoder().encode('{"flow":')]) {
    platform.ingest([{ ...KEY, device: 'pump-1', values: undefined, payload }]);
  }
  return platform;
}

function serve(platform: MemoryPlatform, port = 0): Promise<Api> {
  const needs = { platform, clock, logger: silentLogger, meter: createMeter() };
  return openApi(
    { host: '127.0.0.1', port, token: 'x', staticFolder: folder, bounds: { drainMs: 100 } },
    needs,
  );
}

/** A tab whose every error and warning (those of the content security policy among them) is kept. */
async function open(url: string, colorScheme: 'light' | 'dark' = 'light') {
  const page = await browser.newPage({ colorScheme });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
}

const sees = (page: Page, text: string) => page.getByText(text).first().waitFor();

test('the overview states the ledger and the devices of the platform, in light and dark', async () => {
  await using api = await serve(aPlant());
  for (const scheme of ['light', 'dark'] as const) {
    await using tab = await open(api.url, scheme);
    await sees(tab.page, 'Every one of the 1,102 records received is accounted for.');
    await sees(tab.page, '501 series, 4 connections');
    await tab.page.locator('.connection-live').waitFor();
    assert.deepEqual(tab.complaints, []);
  }
});

test('the overview says when the ledger does not balance', async () => {
  const platform = aPlant();
  platform.miscount = 2;
  await using api = await serve(platform);
  await using tab = await open(api.url);
  await sees(tab.page, 'Out of balance');
  assert.deepEqual(tab.complaints, []);
});

test('the devices are searched and opened by keyboard', async () => {
  await using api = await serve(aPlant());
  await using tab = await open(`${api.url}/devices`);
  await sees(tab.page, '100 devices shown');
  await tab.page.keyboard.press('/');
  await tab.page.keyboard.type('PUMP-25');
  await sees(tab.page, '11 devices shown');
  await sees(tab.page, '3 hours ago');
  await tab.page.keyboard.press('ArrowDown');
  await tab.page.keyboard.press('ArrowDown');
  await tab.page.keyboard.press('Enter');
  await tab.page.waitForURL('**/devices/acme/plant/pump-250');
  await tab.page.getByRole('heading', { name: 'pump-250' }).waitFor();
  await tab.page.goBack();
  await tab.page.waitForURL('**/devices');
  assert.deepEqual(tab.complaints, []);
});

test('a device draws its history and shows a new value without being loaded again', async () => {
  const platform = aPlant();
  await using api = await serve(platform);
  await using tab = await open(`${api.url}/devices/acme/plant/pump-0`);
  const chart = tab.page.getByRole('img', { name: 'Chart of flow, last 15 min' });
  await chart.waitFor();
  const inked = await chart
    .locator('canvas')
    .evaluate((canvas: { getContext(kind: '2d'): Ink | null; width: number; height: number }) => {
      const pixels = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      return pixels.filter((value, index) => index % 4 === 3 && value > 200).length;
    });
  assert.ok(inked > 500, `${inked} pixels are drawn`);
  await tab.page.locator('.connection-live').waitFor();
  platform.ingest([{ ...KEY, device: 'pump-0', values: { flow: 123.456 } }]);
  await tab.page.locator('.reading', { hasText: '123.456' }).waitFor();
  await tab.page.locator('td.value', { hasText: '123.456' }).waitFor();
  await tab.page.getByText('Show as a table').click();
  await sees(tab.page, 'Newest 50 of 602 points on the chart');
  assert.deepEqual(tab.complaints, []);
});

test('the dead letters are listed and shown with their bytes', async () => {
  await using api = await serve(aPlant());
  await using tab = await open(`${api.url}/dead-letters`);
  await tab.page.getByRole('link', { name: '1100' }).click();
  await sees(tab.page, 'The bytes are not UTF-8.');
  await sees(tab.page, 'ff 41');
  await sees(tab.page, 'skerry dlq replay 1100');
  assert.deepEqual(tab.complaints, []);
});

test('the page tells a lost connection, comes back by itself and fetches the state again', async () => {
  const platform = aPlant();
  const first = await serve(platform);
  await using tab = await open(`${first.url}/devices/acme/plant/pump-7`);
  await tab.page.locator('.connection-live').waitFor();
  await tab.page.locator('td.value', { hasText: '7' }).waitFor();
  await first[Symbol.asyncDispose]();
  await sees(tab.page, 'The connection to the server is lost.');
  platform.ingest([{ ...KEY, device: 'pump-7', values: { flow: 77.5 } }]);
  await using _ = await serve(platform, first.address.port);
  await tab.page.locator('td.value', { hasText: '77.5' }).waitFor();
  await tab.page.locator('.connection-live').waitFor();
  assert.equal(await tab.page.getByText('The connection to the server is lost.').count(), 0);
});

test('an empty platform says how to send the first message, and shows it when it comes', async () => {
  const platform = new MemoryPlatform(clock);
  platform.config = { ...platform.config, listeners: [{ name: 'mqtt', host: '127.0.0.1', port: 21_883 }] };
  await using api = await serve(platform);
  await using tab = await open(`${api.url}/devices`);
  await sees(tab.page, 'mosquitto_pub -h 127.0.0.1 -p 21883 -q 1 -t iot/demo/site/my-device/telemetry');
  platform.ingest([{ tenant: 'demo', project: 'site', device: 'my-device', values: { temperature: 21.5 } }]);
  await tab.page.getByRole('link', { name: 'my-device' }).click();
  await tab.page.locator('td.value', { hasText: '21.5' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

interface Ink {
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}
