// How the pages look and whether everybody can use them: axe, widths, long texts, motion, kept pictures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { findingsInBothThemes, misfits, sees } from './browser.ts';
import { differenceFault, differenceOf, pictureFault, pictureOf } from './pictures.ts';
import { LONG_DEVICE } from './plant.ts';
import { COMBINATIONS, openLooks, type Sight, testSights } from './sights.ts';
import { smallPng } from './small-png.ts';

const SIGHTS: readonly Sight[] = [
  { name: 'overview', path: '/', whole: (page) => page.locator('.facts').last().waitFor() },
  { name: 'devices', path: '/devices', whole: (page) => page.locator('[data-row="3"] .row-link').waitFor() },
  {
    name: 'device',
    path: '/devices/acme/plant/pump-0',
    whole: (page) => page.locator('.chart canvas').waitFor(),
  },
  {
    name: 'device-long',
    path: `/devices/acme/plant/${LONG_DEVICE}?compare=acme/plant/pump-0`,
    whole: (page) => page.locator('.chart canvas').waitFor(),
  },
  {
    name: 'dead-letters',
    path: '/dead-letters',
    whole: (page) => page.locator('tbody tr').first().waitFor(),
  },
  { name: 'dead-letter', path: '/dead-letters/{letter}', whole: (page) => page.locator('pre.hex').waitFor() },
  {
    name: 'ledger',
    path: '/ledger?device=pump-1',
    whole: (page) => page.locator('.device-account .ledger').first().waitFor(),
  },
  { name: 'about', path: '/about', whole: (page) => page.locator('.about-now').first().waitFor() },
];

const looks = openLooks();
testSights(SIGHTS, looks);

test('sign-in: axe finds nothing in any language and theme, the kept pictures are like it, and it fits', async () => {
  const { browser, plant } = looks();
  const blank = await browser.blank();
  for (const { language, theme } of COMBINATIONS) {
    await using tab = await browser.open(plant.url, { language, theme });
    await sees(tab.page, language === 'zh' ? '用户名' : 'User name');
    assert.equal(await pictureFault(tab.page, blank, `sign-in-${theme}`), undefined);
    assert.deepEqual(await findingsInBothThemes(tab.page, theme), []);
    assert.deepEqual(await misfits(tab.page), []);
  }
});

test('refused: one who may not enter a room is told so in both languages, and the room is not in the navigation', async () => {
  const { browser, plant } = looks();
  for (const [language, words] of [
    ['en', 'You may not see this.'],
    ['zh', '您无权查看此内容。'],
  ] as const) {
    await using tab = await browser.open(`${plant.url}/devices`, { cookie: plant.cookies.device, language });
    await sees(tab.page, words);
    const rooms = await tab.page.locator('.nav a').allTextContents();
    const closed = ['Overview', 'Devices', 'Dead letters', 'Ledger', '概览', '设备', '死信', '账目'];
    assert.deepEqual(
      rooms.filter((room) => closed.includes(room)),
      [],
    );
    assert.ok(rooms.includes(language === 'en' ? 'About' : '关于'), rooms.join(' '));
    assert.deepEqual(await findingsInBothThemes(tab.page, 'light'), []);
  }
});

test('differenceOf tells two pictures apart and one from itself, also where smallPng has written it', async () => {
  const { browser, plant } = looks();
  await using tab = await browser.open(`${plant.url}/about`, { cookie: plant.cookies.admin });
  await tab.page.locator('.facts').waitFor();
  const light = await tab.page.screenshot();
  await tab.page.emulateMedia({ colorScheme: 'dark' });
  const dark = await tab.page.screenshot();
  const blank = await browser.blank();
  assert.equal((await differenceOf(blank, light, light)).share, 0);
  const small = smallPng(light);
  assert.ok(small.length < light.length, `${small.length} of ${light.length} bytes`);
  assert.equal((await differenceOf(blank, light, small)).share, 0);
  assert.ok((await differenceOf(blank, light, dark)).share > 0.5);
});

test('axeFindings finds a label that is missing, and a contrast that is too small in one theme only', async () => {
  const { browser, plant } = looks();
  await using tab = await browser.open(`${plant.url}/about`, { cookie: plant.cookies.admin });
  await tab.page.locator('.facts').waitFor();
  await tab.page.evaluate(`(() => {
    const input = document.createElement('input');
    const pale = Object.assign(document.createElement('p'), { textContent: 'hardly to be read' });
    pale.style.color = '#eee';
    document.querySelector('main').append(input, pale);
  })()`);
  const found = await findingsInBothThemes(tab.page, 'light');
  const rules = found.map((finding) => finding.split(': ').slice(0, 2).join(' '));
  assert.deepEqual([...new Set(rules)].sort(), ['dark label', 'light color-contrast', 'light label']);
});

test('pictureFault is told of a row, a problem or a chart that is gone', async () => {
  const { browser, plant } = looks();
  const blank = await browser.blank();
  for (const [path, whole, part] of [
    ['/dead-letters', 'tbody tr', 'tbody tr:last-child'],
    ['/', '.facts', '.problem:last-child'],
    ['/access', 'tbody tr', 'tbody tr:last-child'],
  ] as const) {
    await using tab = await browser.open(plant.url + path, { cookie: plant.cookies.admin });
    const { page } = tab;
    await page.setViewportSize({ width: 1_104, height: 690 });
    await page.locator(whole).last().waitFor();
    const before = await pictureOf(page);
    assert.equal(await differenceFault(blank, before, await pictureOf(page)), undefined, path);
    await addRules(page, `${part} { visibility: hidden }`);
    assert.match(String(await differenceFault(blank, before, await pictureOf(page))), /differ/, path);
  }
  await using tab = await browser.open(plant.url, { cookie: plant.cookies.admin });
  await tab.page.locator('.chart-plot canvas').first().waitFor();
  await tab.page.evaluate(
    `for (const canvas of document.querySelectorAll('.chart-plot canvas')) canvas.remove()`,
  );
  assert.match(String(await pictureFault(tab.page, blank, 'overview-light')), /nothing is drawn in/);
});

test('misfits tells a cell that a narrow window hides, unless its row says it elsewhere', async () => {
  const { browser, plant } = looks();
  await using tab = await browser.open(`${plant.url}/about`, { cookie: plant.cookies.admin });
  const { page } = tab;
  await page.locator('.about-now').first().waitFor();
  assert.deepEqual(await misfits(page, [390]), []);
  await page.evaluate("document.querySelector('main tbody .narrow-only').remove()");
  assert.deepEqual(await misfits(page, [1_280]), []);
  assert.match(String(await misfits(page, [390])), /^390: hidden <td class="quiet small wide-only"/);
});

test('misfits tells text that is cut off, and what is drawn outside of its card', async () => {
  const { browser, plant } = looks();
  await using tab = await browser.open(`${plant.url}/about`, { cookie: plant.cookies.admin });
  const { page } = tab;
  await page.locator('.facts').waitFor();
  assert.deepEqual(await misfits(page, [1_280]), []);
  await addRules(
    page,
    `.planted-cut { width: 4rem; overflow: hidden; white-space: nowrap; text-overflow: ellipsis }
      .planted-arrow { position: relative }
      .planted-arrow::after { position: absolute; left: calc(100% + 2rem); content: '→' }
      .planted-wide { width: 2000px }`,
  );
  await page.evaluate(`for (const name of ['cut', 'arrow', 'wide']) {
    const part = Object.assign(document.createElement('p'), { className: 'planted-' + name, textContent: 'much more than fits' });
    document.querySelector('.card').append(part);
  }`);
  const told = (await misfits(page, [1_280])).map((line) => /: (.*) <p class="planted/.exec(line)?.[1]);
  assert.deepEqual(told.filter(Boolean).sort(), ['::after outside', 'cut off', 'sticks out']);
});

/** Adds a sheet as scripts may; the security policy of the page takes no other. */
async function addRules(page: Page, rules: string): Promise<void> {
  await page.evaluate(`(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(${JSON.stringify(rules)});
    document.adoptedStyleSheets = [sheet];
  })()`);
}
