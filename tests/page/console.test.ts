// What the pages state of a known seed, in both languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { until } from '../e2e/condition.ts';
import {
  buildPage,
  focusIsOn,
  openBrowser,
  openTogether,
  sees,
  type Tab,
  type Visit,
  type Visitors,
} from './browser.ts';
import {
  DEVICES,
  HISTORY,
  LONG_DEVICE,
  openPlant,
  type Plant,
  passwordOf,
  RECORDS,
  STALE_DEVICE,
  USERS,
} from './plant.ts';

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
const flowChart = (page: Page, range: string) =>
  page.getByRole('img', { name: `Chart of flow, last ${range}` });

// First of all, since later tests send more records.
test('the overview states problems, records and devices of the seed in both languages', async () => {
  const facts = {
    en: [
      '2 open dead letters',
      '1 device silent for more than 5 minutes',
      `Every one of the ${RECORDS} records received is accounted for.`,
      `${DEVICES + 1} series, 0 connections`,
      'Raw points are kept for 3 days',
    ],
    zh: [
      '2 条未处理的死信',
      '1 台设备静默超过 5 分钟',
      `收到的 ${RECORDS} 条记录每一条都有着落。`,
      `${DEVICES + 1} 个序列，0 个连接`,
      '原始数据点保留 3天',
    ],
  };
  for (const language of ['en', 'zh'] as const) {
    await using tab = await visit('/', { language });
    for (const fact of facts[language]) await sees(tab.page, fact);
    await tab.page.locator('nav .count', { hasText: '2' }).waitFor();
    await tab.page.locator('.connection-live').waitFor();
    assert.equal(await tab.page.getAttribute('html', 'lang'), language === 'zh' ? 'zh-CN' : 'en');
    assert.deepEqual(tab.complaints, []);
  }
});

test('the page is small on the wire', async () => {
  await using tab = await visit('/');
  await sees(tab.page, 'Every one of the');
  const bytes = await tab.page.evaluate<number>(
    `[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter((entry) => !entry.name.includes('/api/'))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0)`,
  );
  assert.ok(bytes > 20_000 && bytes <= 200_000, `${bytes} bytes came over the wire`);
});

test('one signs in by name and password, is told of a wrong one, and signs out', async () => {
  await using tab = await browser.open(`${plant.url}/devices`, { language: 'zh' });
  const { page } = tab;
  const fill = async (password: string) => {
    await page.getByLabel('用户名').fill(USERS.viewer);
    await page.getByLabel('密码').fill(password);
    await page.getByRole('button', { name: '登录' }).click();
  };
  await fill('something else');
  await sees(page, '用户名或密码错误。');
  await fill(passwordOf(USERS.viewer));
  await sees(page, `${DEVICES} 台设备`);
  await page.getByRole('button', { name: `您的会话: ${USERS.viewer}` }).click();
  await sees(page, '查看者');
  await sees(page, 'acme / plant');
  await page.getByRole('button', { name: '退出登录' }).click();
  await page.getByLabel('用户名').waitFor();
  assert.equal((await page.context().cookies()).length, 0, 'a cookie is left');
});

test('a link signs in once, and does not stay in the address', async () => {
  const link = await plant.signInLink();
  await using first = await browser.open(link);
  await first.page.getByRole('heading', { name: 'Overview' }).waitFor();
  await first.page.waitForURL(`${plant.url}/`);
  await using second = await browser.open(link);
  await sees(second.page, 'The sign-in link did not work.');
  assert.equal(await second.page.getByRole('navigation').count(), 0);
});

test('each role sees what it may do', async () => {
  const buttons = { admin: 1, operator: 1, viewer: 0 };
  for (const role of ['admin', 'operator', 'viewer'] as const) {
    await using tab = await visit('/dead-letters', { cookie: plant.cookies[role] });
    await tab.page.locator('tbody tr', { hasText: 'Cannot be decoded' }).waitFor();
    const replay = tab.page.getByRole('button', { name: /^Replay/ });
    if (buttons[role] > 0) await replay.waitFor();
    assert.equal(await replay.count(), buttons[role], role);
  }
});

test('somebody who may see one project is shown its figures, and none that are of the whole platform', async () => {
  const part = [
    ['en', 'Figures of what you may see only.', 'Delay from receipt to visible', 'Disk'],
    ['zh', '仅为您可查看部分的数字。', '从接收到可见的延迟', '磁盘'],
  ] as const;
  for (const [language, words, ...absent] of part) {
    await using tab = await visit('/', { language, cookie: plant.cookies.viewer });
    await sees(tab.page, words);
    const tiles = await tab.page.locator('.tile').allTextContents();
    assert.equal(tiles.length, 3, tiles.join(' | '));
    assert.match(String(tiles[2]), new RegExp(String(DEVICES)));
    for (const heading of absent)
      assert.equal(await tab.page.getByRole('heading', { name: heading, exact: true }).count(), 0, heading);
    assert.deepEqual(tab.complaints, []);
  }
  await using whole = await visit('/');
  await whole.page.getByRole('heading', { name: 'Disk', exact: true }).waitFor();
  assert.equal(await whole.page.locator('.tile').count(), 5);
});

test('the devices are listed, searched and opened by keyboard', async () => {
  await using tab = await visit('/devices');
  const { page } = tab;
  await sees(page, `${DEVICES} devices`);
  await sees(page, LONG_DEVICE);
  const rows = await page.locator('[data-row]').count();
  assert.ok(rows > 15 && rows < 80, `${rows} rows are drawn of ${DEVICES}`);
  await page.keyboard.press('/');
  await page.keyboard.type('PUMP-25');
  await sees(page, `11 of ${DEVICES} devices match`);
  await page.waitForURL('**/devices?search=PUMP-25');
  await sees(page, '3 hours ago');
  await sees(page, 'silent since');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**${deviceAt(STALE_DEVICE)}`);
  await page.getByRole('heading', { name: STALE_DEVICE }).waitFor();
  await page.goBack();
  await page.waitForURL('**/devices?search=PUMP-25');
  await sees(page, `11 of ${DEVICES} devices match`);
  assert.deepEqual(tab.complaints, []);
});

test('the end of a long list is reached by a key, and every row between is there', async () => {
  await using tab = await visit('/devices');
  const { page } = tab;
  await page.locator('[data-row="0"] .row-link').focus();
  await page.keyboard.press('End');
  await page.locator(`[data-row="${DEVICES - 1}"] .row-link:focus`, { hasText: 'pump-99' }).waitFor();
  await page.mouse.wheel(0, -5_000);
  await page
    .locator('[data-row] .row-link', { hasText: /^pump-4\d\d$/ })
    .first()
    .waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('the list is ordered by age and narrowed by it, and a filter is saved and found again', async () => {
  await using tab = await visit('/devices', { language: 'zh' });
  const { page } = tab;
  await page.getByRole('button', { name: '最后出现' }).click();
  await page.locator('[data-row="0"] .row-link', { hasText: STALE_DEVICE }).waitFor();
  await page.getByLabel('最后出现').first().selectOption('stale');
  await sees(page, `${DEVICES} 台设备中有 1 台符合`);
  await page.waitForURL('**/devices?sort=last-seen&fresh=stale');
  await page.getByRole('button', { name: '保存此筛选' }).click();
  await page.getByLabel('筛选的名称').fill('静默');
  await page.keyboard.press('Enter');
  await page.goto(`${plant.url}/devices`);
  await sees(page, `${DEVICES} 台设备`);
  await page.getByRole('link', { name: '静默' }).click();
  await sees(page, `${DEVICES} 台设备中有 1 台符合`);
  assert.deepEqual(tab.complaints, []);
});

test('all that match are selected and exported by the server, chosen ones from the page', async () => {
  await using tab = await visit('/devices?search=pump-1');
  const { page } = tab;
  await sees(page, `111 of ${DEVICES} devices match`);
  await page.getByLabel('Select pump-1', { exact: true }).check();
  await page.getByLabel('Select pump-10', { exact: true }).check();
  await sees(page, '2 devices selected');
  const [chosen] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export list (CSV)' }).click(),
  ]);
  assert.match(
    await textOfFile(chosen),
    /^tenant,project,device,lastSeen,metrics\r\nacme,plant,pump-1,.*\r\nacme,plant,pump-10,/,
  );
  await page.getByRole('button', { name: 'Select all 111 matching' }).click();
  await sees(page, 'All 111 matching devices are selected');
  const [all] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Export list (CSV)' }).click(),
  ]);
  assert.equal((await textOfFile(all)).trim().split('\n').length, 112);
  assert.deepEqual(tab.complaints, []);
});

async function textOfFile(download: { createReadStream(): Promise<NodeJS.ReadableStream> }): Promise<string> {
  let text = '';
  for await (const part of await download.createReadStream()) text += String(part);
  return text;
}

test('what has the focus is seen to have it, and the content is one key away', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  await flowChart(page, '15 min').waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
  const reached: string[] = [];
  for (let stop = 0; stop < 10; stop++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate<string>(FOCUS));
  }
  assert.deepEqual(
    reached.filter((one) => one.startsWith('unseen')),
    [],
  );
  assert.equal(new Set(reached).size, 10, reached.join(', '));
});

/** The element with the focus, and whether an outline (its own, or that of what it stands in or beside) shows it. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const outlined = [element, element.nextElementSibling, element.closest('.chip')].some(
    (one) => one && getComputedStyle(one).outlineStyle !== 'none' && getComputedStyle(one).outlineWidth !== '0px');
  return (outlined ? 'seen ' : 'unseen ') + element.tagName + ' ' +
    (element.textContent || element.getAttribute('aria-label') || element.name || element.placeholder) +
    [...document.querySelectorAll('*')].indexOf(element);
})()`;

test('a device draws its history over the width of its chart and shows a new value as it comes', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  const chart = flowChart(page, '15 min');
  await chart.waitFor();
  await page.keyboard.press('t');
  await chart.focus();
  await page.keyboard.press('t');
  await sees(page, `Newest 100 of ${HISTORY} points on the chart`);
  await sees(page, 'Time (UTC+8)');
  await page.keyboard.press('t');
  assert.equal(await page.getByText('points on the chart').count(), 0);
  // where the chart begins is asked for on its own, and may come behind the points
  await until('the line of a device of 10 minutes begins at the left', async () => {
    const { pixels, left } = await inkOf(chart);
    return pixels > 500 && left < 0.15;
  });
  await page.locator('.connection-live').waitFor();
  await plant.send('pump-0', { flow: 123.456 });
  await page.locator('.reading', { hasText: '123.456' }).waitFor();
  await page.locator('td.value', { hasText: '123.456' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('a chart is zoomed by drawing over it and by buttons, the address says so, and it comes back to live', async () => {
  await using tab = await visit(deviceAt('pump-0'));
  const { page } = tab;
  const chart = flowChart(page, '15 min');
  await chart.waitFor();
  const { x = 0, y = 0, width = 0 } = (await chart.boundingBox()) ?? {};
  await page.mouse.move(x + width * 0.3, y + 90);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.5, y + 95, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=.*to=/);
  const spanMs = () => {
    const query = new URL(page.url()).searchParams;
    return Date.parse(String(query.get('to'))) - Date.parse(String(query.get('from')));
  };
  // a fifth of the width of 15 minutes, less what stands beside the chart
  const drawnMs = spanMs();
  const share = drawnMs / (15 * 60_000);
  assert.ok(share > 0.07 && share < 0.45, `${share} of the range was drawn over`);
  await page.getByRole('button', { name: 'Zoom out' }).click();
  const wider = spanMs() / drawnMs;
  assert.ok(Math.abs(wider - 2) < 0.001, `${wider} times the range`);
  await page.getByRole('button', { name: 'Back to live' }).click();
  await chart.waitFor();
  assert.equal(new URL(page.url()).search, '');
  assert.deepEqual(tab.complaints, []);
});

test('devices are compared on one chart, from the list and by name', async () => {
  await using tab = await visit('/devices?search=pump-3');
  const { page } = tab;
  for (const device of ['pump-3', 'pump-30'])
    await page.getByLabel(`Select ${device}`, { exact: true }).check();
  await page.getByRole('link', { name: 'Compare' }).click();
  await page.locator('.legend', { hasText: 'pump-30' }).waitFor();
  await page.getByRole('textbox', { name: 'Compare with' }).fill('pump-31');
  await page.keyboard.press('Enter');
  await page.locator('.legend', { hasText: 'pump-31' }).waitFor();
  assert.deepEqual(await page.locator('.legend:not(.small) li').allTextContents(), [
    'pump-3',
    'pump-30',
    'pump-31',
  ]);
  await page.getByRole('button', { name: 'Do not compare with pump-30' }).click();
  await page.locator('.legend', { hasText: 'pump-30' }).waitFor({ state: 'detached' });
  assert.deepEqual(tab.complaints, []);
});

test('a device that fell silent is opened with what there is, and an empty range says so', async () => {
  await using tab = await visit(deviceAt(STALE_DEVICE), { language: 'zh' });
  const { page } = tab;
  await page.locator('.fresh-quiet').waitFor();
  await sees(page, '3小时前');
  await sees(page, '起静默');
  const chart = page.getByRole('img', { name: 'flow 的图表，最近 6 小时' });
  await chart.waitFor();
  assert.ok((await inkOf(chart)).pixels > 0, 'its one point is drawn');
  await page.getByRole('radio', { name: '15 分钟' }).check();
  await sees(page, '此范围内没有数据点。 最新的数据点来自3小时前。');
  await page.waitForURL('**?range=15m');
  assert.deepEqual(tab.complaints, []);
});

test('a device with a long id, one without numbers and one that never was each have a page', async () => {
  await using tab = await visit(deviceAt(LONG_DEVICE));
  await tab.page.getByRole('heading', { name: LONG_DEVICE }).waitFor();
  await flowChart(tab.page, '15 min').waitFor();
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
      await textOf(card.locator('.chart-foot > span')),
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
  assert.deepEqual(tab.complaints, []);
});

async function textOf(place: Locator): Promise<string> {
  return String(await place.textContent());
}

test('the dead letters are listed by reason and shown as text and in hex', async () => {
  await using tab = await visit('/dead-letters');
  const { page } = tab;
  await page.locator('tbody tr', { hasText: 'Cannot be decoded' }).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 2);
  await page.getByRole('button', { name: /^Unknown topic/ }).click();
  await page.waitForURL('**/dead-letters?reason=unknown-topic');
  await page.locator('tbody tr', { hasText: 'Cannot be decoded' }).waitFor({ state: 'detached' });
  await page.locator('tbody tr', { hasText: 'Unknown topic' }).getByRole('link').click();
  await sees(
    page,
    'The topic mtic/msg/client/realtime/acme lies under a telemetry prefix and fits no template.',
  );
  await sees(page, '{"flow":1,"note":"a topic with too few levels"}');
  await sees(page, '7b 22 66 6c 6f 77 22 3a 31 2c 22 6e 6f 74 65 22  {"flow":1,"note"');
  await page.goto(`${plant.url}/dead-letters`);
  await page.locator('tr', { hasText: 'Cannot be decoded' }).getByRole('link').click();
  await sees(page, 'The bytes are not UTF-8.');
  await sees(page, 'ff 41');
  assert.deepEqual(tab.complaints, []);
});

test('a dead letter is discarded after a question, the page tells by whom, and the ledger counts it', async () => {
  await using tab = await visit('/dead-letters', { cookie: plant.cookies.operator, language: 'zh' });
  const { page } = tab;
  await page.locator('tr', { hasText: '无法解码' }).getByRole('link').click();
  await page.getByRole('button', { name: '丢弃' }).click();
  await sees(page, '1 条记录将被永久放弃。');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: '丢弃' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '丢弃' }).click();
  await page.locator('.badge', { hasText: '已丢弃' }).waitFor();
  await sees(page, `由 ${USERS.operator} 于`);
  await page.getByRole('link', { name: '账目' }).click();
  await page.locator('.ledger div', { hasText: '已丢弃' }).getByText('1', { exact: true }).first().waitFor();
  await page.locator('nav .count', { hasText: '1' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('every open letter is replayed after a question; what fails again stays open', async () => {
  await using tab = await visit('/dead-letters');
  const { page } = tab;
  const button = page.getByRole('button', { name: /^Replay all \d/ });
  const [letters] = /\d+/.exec(String(await button.textContent())) ?? [];
  const records = letters === '1' ? '1 record' : `${letters} records`;
  await button.click();
  await sees(page, `${records} will be offered to the pipeline again.`);
  await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click();
  const said = `${records} failed again and ${letters === '1' ? 'stays' : 'stay'} open.`;
  await focusIsOn(page.getByText(said, { exact: true }));
  await page.locator('tbody tr', { hasText: 'Unknown topic' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('the ledger stands by project and by device, tells gaps with their bounds, and what each word means', async () => {
  for (const seq of [1, 2, 6]) await plant.send('pump-5', { flow: seq, seq, epoch: 'e1' });
  const facts = {
    en: [
      'By tenant and project',
      'What each word means',
      'Durable in the journal: the sender has its acknowledgement.',
      'Topics that name no tenant and no project',
    ],
    zh: ['按租户与项目', '各词的含义', '已持久化到日志：发送方已得到确认。', '主题没有给出租户和项目'],
  };
  for (const language of ['en', 'zh'] as const) {
    await using tab = await visit('/ledger?device=pump-5', { language });
    const { page } = tab;
    for (const fact of facts[language]) await sees(page, fact);
    await page.locator('tr', { hasText: 'acme' }).getByText('plant').waitFor();
    const gap = page.locator('tr', { hasText: 'pump-5' });
    await gap.waitFor();
    assert.deepEqual(await gap.locator('td').allTextContents(), ['e1', '3', '5', '3']);
    const account = page.locator('.device-account', { hasText: 'pump-5' }).first();
    await account.locator('.ledger-sum').waitFor();
    const accounts = (await account.locator('dd').allTextContents()).map(Number);
    assert.equal(
      accounts[0],
      accounts.slice(1).reduce((sum, records) => sum + records, 0),
    );
    assert.ok(Number(accounts[0]) >= 3, String(accounts));
    assert.deepEqual(tab.complaints, []);
  }
});

test('about names version, addresses, limits and licences', async () => {
  for (const [language, fact, limit] of [
    ['en', 'Skerry is under the Apache License 2.0.', 'HTTP connections at a time.'],
    ['zh', 'Skerry 采用 Apache License 2.0。', '同时打开的 HTTP 连接数。'],
  ] as const) {
    await using tab = await visit('/about', { language });
    await sees(tab.page, fact);
    await tab.page.locator('tr', { hasText: 'uplot' }).getByText('MIT').waitFor();
    await tab.page.locator('tr', { hasText: limit }).getByText('512').waitFor();
    await sees(tab.page, `127.0.0.1:${plant.server.mqttPort}`);
    assert.deepEqual(tab.complaints, []);
  }
});

test('language, theme and zone are chosen in the page, kept, and the zone is stated', async () => {
  const cookie = plant.cookies.viewer;
  await using tab = await visit('/dead-letters?state=any', { cookie });
  const { page } = tab;
  await sees(page, 'Received (UTC+8)');
  await page.getByRole('button', { name: 'Times are told in UTC+8' }).click();
  await sees(page, 'Received (UTC)');
  const kept = page.waitForResponse((answer) => answer.request().method() === 'PATCH');
  await page.getByRole('button', { name: '中文' }).click();
  await sees(page, '接收时间 (UTC)');
  await kept;
  await page.getByRole('button', { name: '跟随系统颜色' }).click();
  await page.getByRole('button', { name: '浅色' }).click();
  const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  assert.equal(await background(), 'rgb(12, 19, 23)');
  await page.reload();
  await sees(page, '接收时间 (UTC)');
  assert.equal(await background(), 'rgb(12, 19, 23)');
  // the language is the user's, in every browser; colours and zone are this browser's
  await using other = await visit('/dead-letters?state=any', { cookie });
  await sees(other.page, '接收时间 (UTC+8)');
  await other.page.getByRole('button', { name: 'English' }).click();
  await sees(other.page, 'Received (UTC+8)');
  assert.deepEqual([...tab.complaints, ...other.complaints], []);
});

test('on a small screen the navigation is a drawer that opens, closes and is reached by keyboard', async () => {
  await using tab = await visit('/', { width: 390 });
  const { page } = tab;
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await page.getByRole('navigation').isVisible(), false);
  await page.getByRole('button', { name: 'Open navigation' }).click();
  await page.getByRole('link', { name: 'Ledger', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Ledger' }).waitFor();
  await page.getByRole('navigation').waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Open navigation' }).press('Enter');
  await page.getByRole('navigation').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('navigation').waitFor({ state: 'hidden' });
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
