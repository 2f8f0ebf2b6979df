import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import {
  buildPage,
  openBrowser,
  picture,
  ROOT,
  sees,
  type Tab,
  TWO_LOOKS,
  type Visitors,
} from './browser.ts';
import { DEVICES, HISTORY, LONG_DEVICE, openPlant, type Plant, RECORDS, STALE_DEVICE } from './plant.ts';

const run = promisify(execFile);

let plant: Plant;
let browser: Visitors;

before(async () => {
  buildPage();
  [plant, browser] = await Promise.all([openPlant(), openBrowser()]);
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await plant[Symbol.asyncDispose]();
});

const visit = (path: string): Promise<Tab> => browser.open(plant.url + path, plant.cookie);
const deviceAt = (device: string) => `/devices/acme/plant/${device}`;
const flowChart = (page: Page, range: string) =>
  page.getByRole('img', { name: `Chart of flow, last ${range}` });

// First of all, since later tests send more records.
test('the overview states the records and devices of the seed', async () => {
  await using tab = await visit('/');
  await sees(tab.page, `Every one of the ${RECORDS} records received is accounted for.`);
  await sees(tab.page, 'Balanced');
  await sees(tab.page, `${DEVICES + 1} series, 0 connections`);
  await tab.page
    .locator('.ledger div', { hasText: 'dead-lettered' })
    .getByText('2', { exact: true })
    .waitFor();
  await tab.page.locator('nav .count', { hasText: '2' }).waitFor();
  await tab.page.locator('.connection-live').waitFor();
  assert.deepEqual(await picture(tab.page, 'overview'), []);
  assert.deepEqual(tab.complaints, []);
});

test('the page is small on the wire and paints soon', async () => {
  await using tab = await visit('/');
  await sees(tab.page, 'Every one of the');
  const bytes = await tab.page.evaluate<number>(
    `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter((entry) => !entry.name.includes('/api/'))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0)`,
  );
  assert.ok(bytes > 20_000 && bytes <= 200_000, `${bytes} bytes came over the wire`);
  const paintMs = await tab.page.evaluate<number>(
    "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity",
  );
  assert.ok(paintMs <= 3_000, `the first paint was after ${paintMs} ms`);
});

test('the devices are listed, searched and opened by keyboard', async () => {
  await using tab = await visit('/devices');
  const { page } = tab;
  await sees(page, `100 of ${DEVICES} devices shown`);
  await sees(page, LONG_DEVICE);
  assert.deepEqual(await picture(page, 'devices'), []);
  await page.keyboard.press('/');
  await page.keyboard.type('PUMP-25');
  await sees(page, '11 devices shown');
  await sees(page, '3 hours ago');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${deviceAt(STALE_DEVICE)}`);
  await page.getByRole('heading', { name: STALE_DEVICE }).waitFor();
  await page.goBack();
  await page.waitForURL('**/devices');
  assert.deepEqual(tab.complaints, []);
});

test('what has the focus is seen to have it, and the content is one key away', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  await flowChart(page, '15 min').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  const reached: string[] = [];
  for (let stop = 0; stop < 4; stop++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>(FOCUS));
  }
  assert.deepEqual(
    reached.filter((one) => one.startsWith('unseen')),
    [],
  );
  assert.equal(new Set(reached).size, 4, reached.join(', '));
});

/** The element with the focus, and whether an outline (its own, or that of its label) shows it. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const outlined = [element, element.nextElementSibling].some(
    (one) => one && getComputedStyle(one).outlineStyle !== 'none' && getComputedStyle(one).outlineWidth !== '0px');
  return (outlined ? 'seen ' : 'unseen ') + element.tagName + ' ' + (element.textContent || element.name);
})()`;

test('a device draws its history over the width of its chart and shows a new value as it comes', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  const chart = flowChart(page, '15 min');
  await chart.waitFor();
  await page.getByText('Show as a table').click();
  await sees(page, `Newest 50 of ${HISTORY} points on the chart`);
  await page.getByText('Show as a table').click();
  const ink = await inkOf(chart);
  assert.ok(ink.pixels > 500, `${ink.pixels} pixels are drawn`);
  assert.ok(ink.left < 0.15, `the line of a device of 10 minutes begins at ${ink.left} of the chart`);
  await page.locator('.connection-live').waitFor();
  assert.deepEqual(await picture(page, 'device'), []);
  await plant.send('pump-0', { flow: 123.456 });
  await page.locator('.reading', { hasText: '123.456' }).waitFor();
  await page.locator('td.value', { hasText: '123.456' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('a device that fell silent is opened with what there is, and an empty range says so', async () => {
  await using tab = await visit(deviceAt(STALE_DEVICE));
  const { page } = tab;
  await page.locator('.fresh-quiet').waitFor();
  await sees(page, '3 hours ago');
  const chart = flowChart(page, '6 h');
  await chart.waitFor();
  assert.ok((await inkOf(chart)).pixels > 0, 'its one point is drawn');
  assert.deepEqual(await picture(page, 'device-stale'), []);
  await page.getByRole('radio', { name: '15 min' }).check();
  await sees(page, 'No points in this range. The newest is from 3 hours ago.');
  assert.deepEqual(tab.complaints, []);
});

test('a device with a long id, one without numbers and one that never was each have a page', async () => {
  await using tab = await visit(deviceAt(LONG_DEVICE));
  await tab.page.getByRole('heading', { name: LONG_DEVICE }).waitFor();
  await flowChart(tab.page, '15 min').waitFor();
  assert.deepEqual(await picture(tab.page, 'device-long', TWO_LOOKS), []);
  assert.deepEqual(tab.complaints, []);
  await plant.send('panel-1', { mode: 'manual' });
  await tab.page.goto(`${plant.url}${deviceAt('panel-1')}`);
  await sees(tab.page, 'Nothing to draw: this device sends no numbers.');
  await tab.page.locator('td.value', { hasText: 'manual' }).waitFor();
  assert.deepEqual(tab.complaints, []);
  await tab.page.goto(`${plant.url}${deviceAt('never')}`);
  await sees(tab.page, 'No device of this name was ever seen.');
});

test('a switch is drawn as true and false', async () => {
  await plant.send('valve-1', [{ timestamp: Date.now() - 5_000, open: false }, { open: true }]);
  await using tab = await visit(deviceAt('valve-1'));
  await tab.page.getByRole('img', { name: 'Chart of open, last 15 min' }).waitFor();
  await tab.page.locator('.reading', { hasText: 'true' }).waitFor();
  await sees(tab.page, 'min false · max true');
  assert.deepEqual(await picture(tab.page, 'device-switch', TWO_LOOKS), []);
  assert.deepEqual(tab.complaints, []);
});

/** What a meter sends, before and after: JSON as it is on the wire, since a double holds no integer of 20 digits. */
const METERED = [
  ['counter', '12345678901234567889', '12345678901234567890'],
  ['energy', '179563444', '179563445'],
  ['leak', '-0.0000006', '-5e-7'],
  ['ratio', '0.000123456788', '0.000123456789'],
  // two doubles with none between them: ticks must not be closer than doubles are
  ['register', '12345678901234565120', '12345678901234567168'],
  ['volume', '1234565.7', '1234565.8'],
] as const;

test('the page shows the values that were sent, whole', async () => {
  const parts = METERED.map(([metric, before, after]) => ({ metric, before, after }));
  const record = (time: number, value: 'before' | 'after') =>
    `{"timestamp":${time},${parts.map((part) => `"${part.metric}":${part[value]}`)}}`;
  const now = Date.now();
  await plant.send('meter-1', Buffer.from(`[${record(now - 5_000, 'before')},${record(now, 'after')}]`));
  await using tab = await visit(deviceAt('meter-1'));
  const { page } = tab;
  for (const metric of ['register', 'volume']) await page.locator('.chip', { hasText: metric }).click();
  const shown: string[][] = [];
  for (const { metric } of parts) {
    const card = page.locator('.card', { has: page.getByRole('img', { name: `Chart of ${metric}, ` }) });
    await card.getByText('Show as a table').click();
    await card.locator('td.number').nth(1).waitFor();
    shown.push([
      await textOf(
        page.locator('tr', { has: page.getByRole('rowheader', { name: metric }) }).locator('.value'),
      ),
      await textOf(card.locator('.reading')),
      ...(await card.locator('td.number').allTextContents()),
      await textOf(card.locator('.bounds')),
    ]);
    await card.getByText('Show as a table').click();
  }
  const both = (before: string, after: string) => [
    after,
    after,
    after,
    before,
    `min ${before} · max ${after}`,
  ];
  assert.deepEqual(shown, [
    both('12,345,678,901,234,567,889', '12,345,678,901,234,567,890'),
    both('179,563,444', '179,563,445'),
    both('-6e-7', '-5e-7'),
    both('0.000123456788', '0.000123456789'),
    both('12,345,678,901,234,565,120', '12,345,678,901,234,567,168'),
    both('1,234,565.7', '1,234,565.8'),
  ]);
  const chart = page.getByRole('img', { name: 'Chart of counter, ' });
  const { width = 0 } = (await chart.boundingBox()) ?? {};
  await chart.hover({ position: { x: width - 12, y: 100 } });
  assert.equal(await textOf(chart.locator('.chart-readout b')), '12,345,678,901,234,567,890');
  await page.evaluate('scrollTo(0, 0)');
  assert.deepEqual(await picture(page, 'device-whole', TWO_LOOKS), []);
  assert.deepEqual(tab.complaints, []);
});

async function textOf(place: Locator): Promise<string> {
  return String(await place.textContent());
}

test('the dead letters are listed and shown as text and in hex', async () => {
  await using tab = await visit('/dead-letters');
  const { page } = tab;
  await sees(page, 'Cannot be decoded');
  assert.equal(await page.locator('tbody tr').count(), 2);
  assert.deepEqual(await picture(page, 'dead-letters', TWO_LOOKS), []);
  await page.setViewportSize({ width: 1_280, height: 850 });
  await page.locator('tr', { hasText: 'Unknown topic' }).getByRole('link').click();
  await sees(
    page,
    'The topic mtic/msg/client/realtime/acme lies under a telemetry prefix and fits no template.',
  );
  await sees(page, '{"flow":1,"note":"a topic with too few levels"}');
  await sees(page, '7b 22 66 6c 6f 77 22 3a 31 2c 22 6e 6f 74 65 22  {"flow":1,"note"');
  assert.deepEqual(await picture(page, 'dead-letter'), []);
  await page.goBack();
  await page.locator('tr', { hasText: 'Cannot be decoded' }).getByRole('link').click();
  await sees(page, 'The bytes are not UTF-8.');
  await sees(page, 'ff 41');
  assert.deepEqual(tab.complaints, []);
});

test('the command that a dead letter names discards it, and the page tells by whom', async () => {
  await using tab = await visit('/dead-letters');
  const { page } = tab;
  await page.locator('tr', { hasText: 'Cannot be decoded' }).getByRole('link').click();
  const told = await page.locator('code', { hasText: '--data-dir' }).nth(1).textContent();
  const [npx, skerry, ...words] = String(told).split(' ');
  assert.deepEqual([npx, skerry, words[0], words[1]], ['npx', 'skerry', 'dlq', 'discard']);
  // a person's shell has nothing of the runner's
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  await run(process.execPath, [join(ROOT, 'packages', 'cli', 'src', 'main.ts'), ...words], { env });
  await page.locator('.badge', { hasText: 'Discarded' }).waitFor();
  await sees(page, 'by local');
  assert.equal(await page.getByText('npx skerry').count(), 0);
  assert.deepEqual(tab.complaints, []);
});

/** What a chart's canvas holds of the first line's colour: pixels, and where the first of them is, as a share of the width. */
async function inkOf(chart: Locator): Promise<{ readonly pixels: number; readonly left: number }> {
  return await chart
    .locator('canvas')
    .evaluate((canvas: { getContext(kind: '2d'): Ink | null; width: number; height: number }) => {
      const bytes = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
      let pixels = 0;
      let left = canvas.width;
      for (let at = 0; at < bytes.length; at += 4) {
        const [red = 0, green = 0, blue = 0, alpha = 0] = bytes.slice(at, at + 4);
        if (red > 40 || green < 80 || blue < 100 || alpha < 200) continue;
        pixels += 1;
        left = Math.min(left, (at / 4) % canvas.width);
      }
      return { pixels, left: left / canvas.width };
    });
}

interface Ink {
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}
