// Ways back, selections, keys, zones and narrow windows: what a reader does with lists and charts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  axeFindings,
  backTo,
  buildPage,
  misfits,
  openBrowser,
  openTogether,
  sees,
  type Tab,
  type Visit,
  type Visitors,
} from './browser.ts';
import { DEVICES, openPlant, type Plant, STALE_DEVICE } from './plant.ts';

const HOUR_MS = 3_600_000;

let plant: Plant;
let browser: Visitors;

before(async () => {
  buildPage();
  [plant, browser] = await openTogether(openPlant(), openBrowser());
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await plant[Symbol.asyncDispose]();
});

const visit = (path: string, as: Visit = {}): Promise<Tab> =>
  browser.open(plant.url + path, { cookie: plant.cookies.admin, ...as });
const deviceAt = (device: string) => `/devices/acme/plant/${device}`;
const chartOf = (page: Page, metric: string) => page.getByRole('img', { name: `Chart of ${metric}, ` });
const scrollOf = (page: Page) => page.evaluate<number>('Math.round(scrollY)');

test('the way back from a device leads to the row that was left, with its focus', async () => {
  await using tab = await visit('/devices');
  const { page } = tab;
  await page.locator('[data-row="0"] .row-link').focus();
  await page.keyboard.press('End');
  await page.locator(`[data-row="${DEVICES - 1}"] .row-link:focus`).waitFor();
  for (const key of ['PageUp', 'ArrowUp']) await page.keyboard.press(key);
  const row = page.locator(`[data-row="${DEVICES - 12}"] .row-link:focus`);
  const device = String(await row.textContent());
  const left = await scrollOf(page);
  assert.ok(left > 9_000, `${left} px`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: device }).waitFor();
  assert.equal(await scrollOf(page), 0);
  await page.goBack();
  await row.waitFor();
  assert.ok(Math.abs((await scrollOf(page)) - left) < 3, `${await scrollOf(page)} px where ${left} was left`);
  assert.deepEqual(tab.complaints, []);
});

test('the way back undoes a zoom, a range, a filter and an order one by one; what is typed is no step', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  await chartOf(page, 'flow').waitFor();
  const searches: string[] = [];
  const search = () => new URL(page.url()).search;
  for (const act of [
    () => page.getByRole('radio', { name: '1 h', exact: true }).check(),
    () => page.getByRole('button', { name: 'Zoom in' }).click(),
    () => page.getByRole('button', { name: 'Zoom in' }).click(),
  ]) {
    searches.push(search());
    await act();
    assert.notEqual(search(), searches.at(-1));
  }
  for (const before of searches.toReversed()) {
    await backTo(page, before);
  }
  assert.equal(new URL(page.url()).pathname, deviceAt('pump-0'));
  await page.goto(`${plant.url}/devices`);
  await page.locator('[data-row="0"]').waitFor();
  await page.getByLabel('Last seen').first().selectOption('stale');
  await sees(page, `1 of ${DEVICES} devices match`);
  await page.getByRole('button', { name: 'Last seen' }).click();
  await page.getByLabel('Search devices').fill('pump');
  await backTo(page, '?fresh=stale');
  await backTo(page, '');
  await sees(page, `${DEVICES} devices`);
});

test('the way back undoes each chosen filter of the dead letters and of the audit log', async () => {
  await using tab = await visit('/dead-letters');
  const { page } = tab;
  const search = () => new URL(page.url()).search;
  const reason = page.getByRole('button', { name: /^Cannot be decoded/ });
  await reason.click();
  await page.locator('.reason[aria-pressed="true"]').waitFor();
  await page.getByLabel('State').selectOption('discarded');
  await sees(page, 'No dead letter matches.');
  assert.equal(search(), '?reason=undecodable&state=discarded');
  await backTo(page, '?reason=undecodable');
  await sees(page, '1 dead letter');
  await backTo(page, '');
  await sees(page, '2 dead letters');
  await page.goto(`${plant.url}/audit`);
  await page.locator('tbody tr').first().waitFor();
  await page.getByLabel('What').selectOption('user.');
  await page.getByLabel('Outcome').selectOption('failed');
  await backTo(page, '?action=user.');
  await backTo(page, '');
  assert.deepEqual(tab.complaints, []);
});

test('all that match are of one filter, and single devices are taken out of them', async () => {
  await using tab = await visit('/devices?search=pump-1');
  const { page } = tab;
  await page.getByLabel('Select pump-1', { exact: true }).check();
  await page.getByRole('button', { name: 'Select all 111 matching' }).click();
  await sees(page, 'All 111 matching devices are selected');
  await page.getByLabel('Select pump-10', { exact: true }).uncheck();
  await sees(page, '110 of the 111 matching devices are selected');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export list (CSV)' }).click(),
  ]);
  let text = '';
  for await (const part of await file.createReadStream()) text += String(part);
  const lines = text.trim().split('\r\n');
  assert.equal(lines.length, 111);
  assert.deepEqual(
    lines.filter((line) => /pump-1(0|1),/.test(line)).map((line) => line.split(',')[2]),
    ['pump-11'],
  );
  await page.getByLabel('Search devices').fill('pump-2');
  await sees(page, `111 of ${DEVICES} devices match`);
  assert.equal(await page.locator('.device-body input:checked').count(), 0);
  await page.getByLabel('Select pump-2', { exact: true }).check();
  await page.getByLabel('Search devices').fill('pump-3');
  await page.getByLabel('Select pump-3', { exact: true }).check();
  await sees(page, '2 devices selected');
  assert.deepEqual(tab.complaints, []);
});

test('single keys do nothing without the focus or when they are turned off', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  const chart = chartOf(page, 'flow');
  await chart.waitFor();
  const open = page.locator('.chart-foot [aria-expanded="true"]');
  await chart.hover();
  await page.keyboard.press('t');
  assert.equal(await open.count(), 0);
  await chart.focus();
  await page.keyboard.press('t');
  await open.waitFor();
  assert.equal(await open.count(), 1);
  await page.getByRole('button', { name: /^Your session/ }).click();
  await page.getByLabel('Shortcut keys: / goes to the search').uncheck();
  await page.keyboard.press('Escape');
  await page.goto(`${plant.url}/devices`);
  await page.locator('[data-row="0"]').waitFor();
  await page.keyboard.press('/');
  assert.equal(await page.evaluate('document.activeElement?.id'), '');
  assert.equal(await page.locator('.search kbd').count(), 0);
});

test('times are told in any zone that is chosen, which is stated and kept', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  await sees(page, 'Time (UTC+8)');
  await page.getByRole('button', { name: /^Your session/ }).click();
  await page.getByRole('combobox', { name: 'Times are told in' }).selectOption('America/New_York');
  assert.deepEqual(await axeFindings(page), []);
  await page.keyboard.press('Escape');
  await sees(page, 'Time (America/New_York)');
  await page.getByRole('button', { name: 'Times are told in America/New_York' }).click();
  await sees(page, 'Time (UTC)');
  await page.getByRole('button', { name: 'Switch to America/New_York' }).click();
  await page.reload();
  await sees(page, 'Time (America/New_York)');
  assert.deepEqual(await misfits(page), []);
  await page.setViewportSize({ width: 390, height: 800 });
  assert.equal(await page.locator('.zone-name').isVisible(), true);
});

test('a year that is not this one, a clock that is ahead, an empty text and points of one second are told', async () => {
  const now = Date.now();
  await plant.send('odd-1', { timestamp: Date.UTC(2005, 2, 4, 5, 6, 7), old: 1 });
  await plant.send('odd-2', { timestamp: now + 20 * HOUR_MS + 60_000, early: 1, note: '' });
  const second = Math.floor(now / 1_000) * 1_000 - 5_000;
  await plant.send(
    'odd-3',
    [0, 150, 300, 450, 600, 750].map((ms) => ({ timestamp: second + ms, fast: ms })),
  );
  await plant.server.quiet();
  const facts = {
    en: ['Mar 4, 2005, 13:06:07', 'in 20 hours (clock ahead)', '(empty)'],
    zh: ['2005年3月4日 13:06:07', '20小时后（时钟超前）', '（空）'],
  };
  for (const language of ['en', 'zh'] as const) {
    const [old, ahead, empty] = facts[language];
    await using first = await visit(deviceAt('odd-1'), { language });
    await first.page.locator('tr', { hasText: 'old' }).getByText(String(old)).last().waitFor();
    await using tab = await visit(deviceAt('odd-2'), { language });
    await tab.page.locator('tr', { hasText: 'early' }).getByText(String(ahead)).waitFor();
    await tab.page
      .locator('tr', { hasText: 'note' })
      .locator('.value', { hasText: String(empty) })
      .waitFor();
    assert.equal(await tab.page.getByText(language === 'en' ? 'just now' : '刚刚').count(), 0);
    await sees(tab.page, language === 'en' ? 'The newest is dated ahead:' : '最新数据点的时间超前：');
  }
  await using tab = await visit(
    `${deviceAt('odd-3')}?from=${new Date(second - 700).toISOString()}&to=${new Date(second + 1_300).toISOString()}`,
  );
  const { page } = tab;
  const chart = chartOf(page, 'fast');
  await chart.focus();
  await page.keyboard.press('t');
  await sees(page, '6 points');
  const times = await page.locator('.dense tbody td:first-child').allTextContents();
  assert.equal(new Set(times).size, 6, times.join(' | '));
  assert.match(String(times[0]), /\.750$/);
});

test('a narrow window keeps when a device was seen, since when it is silent, and the time of its values', async () => {
  await using tab = await visit(`/devices?search=${STALE_DEVICE}`, { width: 640 });
  const { page } = tab;
  const row = page.locator('[data-row="0"]');
  for (const fact of ['acme / plant', '3 hours ago', 'silent since'])
    await row.getByText(fact).filter({ visible: true }).first().waitFor();
  await page.setViewportSize({ width: 768, height: 800 });
  const place = row.locator('.place-cell');
  await place.waitFor();
  assert.deepEqual(
    await place.evaluate(
      (cell: { scrollHeight: number; clientHeight: number }) => cell.scrollHeight - cell.clientHeight,
    ),
    0,
    'the project is cut',
  );
  await page.setViewportSize({ width: 640, height: 800 });
  await page.goto(plant.url + deviceAt('pump-0'));
  await page
    .locator('tr', { hasText: 'flow' })
    .locator('.age .narrow-only')
    .filter({ visible: true })
    .waitFor();
  await page.goto(`${plant.url}/audit`);
  await page.locator('.audit-table .narrow-only').filter({ visible: true }).first().waitFor();
});

// Last of all, since the server stands still meanwhile.
test('a server that is stopped in its tracks is told, a room that it did not give is waited for with words, and it comes', async () => {
  await plant.send('pump-0', { flow: 1 });
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  // by way of the overview, so that figures have come before they stay away
  await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
  await page.locator('.tile').first().waitFor();
  await page.goBack();
  await page.locator('.fresh-live, .fresh-recent').waitFor();
  await page.locator('.connection-live').waitFor();
  const { server } = plant.server.pids;
  process.kill(server, 'SIGSTOP');
  try {
    await page.locator('.connection-stale').waitFor();
    await page.locator('.fresh-unknown').waitFor();
    await sees(page, 'The server has sent no figures for a while; the last are from');
    await page.getByRole('navigation').getByRole('link', { name: 'Ledger' }).click();
    await sees(page, 'The server does not answer.');
    assert.deepEqual(await misfits(page), []);
  } finally {
    process.kill(server, 'SIGCONT');
  }
  await page.getByRole('heading', { name: 'Ledger', exact: true }).waitFor();
  await page.locator('.connection-live').waitFor();
  assert.equal(await page.getByText('The server does not answer.').count(), 0);
});
