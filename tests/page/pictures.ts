import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { drawn, ROOT } from './browser.ts';
import { smallPng } from './small-png.ts';

const KEPT = join(ROOT, 'tests', 'page', 'pictures');
const FOUND = join(ROOT, 'test-results', 'page');
/** Share of all pixels that may differ. */
const TOLERANCE = 0.001;
/** Share of the pixels of one block that may differ: less than a word in it. */
const BLOCK_TOLERANCE = 0.04;
/** A picture is judged in blocks of this size, so that a row that is missing does not drown in a long page. */
const BLOCK = { width: 64, height: 32 };
/** The window of the pictures: wide enough for the layout of a large one, in three quarters of its bytes. */
const WINDOW = { width: 1_104, height: 690 };
/** A picture is of the whole page, up to this height: lists of hundreds say nothing more below. */
const HEIGHT_MAX = 2_400;
/** Difference of one colour channel that counts. */
const CHANNEL = 48;
/** A page that asks for news while its picture is taken is taken again. */
const TRIES = 3;

/** What is drawn of the moment is covered before a picture is taken; `emptyParts` finds those that are empty. */
const LIVE = [
  '.chart-plot',
  '.tile-value',
  '.tile-more',
  '.about-now',
  '.connection-strip',
  '.simulation-counts dd',
  '.fresh',
  'progress',
];
/** Paths, ports and versions of the machine. */
const LOCAL = ['.command code:visible'];

/**
 * Times and ages, which are others in each run, become the same ones; ports, sizes, delays and folders likewise. Only the text is another one: what
 * is missing, or stands elsewhere, is seen.
 */
const SETTLE = String.raw`(() => {
  const shapes = [
    [/(\d:|localhost:|-p )\d{4,5}(?!\d)/g, (_, before) => before + '00000'],
    [/\d{2}:\d{2}(:\d{2})?(\.\d{3})?/g, (time) => time.replaceAll(/\d/g, '0')],
    [/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2}\b/g, 'Jan 1'],
    [/\d{1,2}月\d{1,2}日/g, '1月1日'],
    [/\b(\d+ (second|minute|hour|day)s? ago|just now)\b/g, '1 minute ago'],
    [/\d+ ?(秒钟?|分钟|小时|天)前|刚刚/g, '1分钟前'],
    [/\b[\d.,]+ (B|KiB|MiB|GiB|TiB)\b/g, '1 KiB'],
    [/\b[\d.,]+ m?s\b/g, '1 ms'],
    [/\S*\/skerry-(page|scene)-\S+/g, (_, kind) => '/tmp/skerry-' + kind + '-000000/data'],
    [/chaos \/ [0-9a-f]{6}\b/g, 'chaos / 000000'],
    [/\d+ pending: decoded/g, '0 pending: decoded'],
    [/待处理 \d+：/g, '待处理 0：'],
    [/(Too young for a forecast|The journal does not grow|At the rate of the last minutes).*/gs, 'A forecast.'],
    [/(运行时间太短|按最近几分钟).*/gs, '预测。'],
  ];
  let others = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data;
    const same = shapes.reduce((so, [shape, one]) => so.replaceAll(shape, one), text);
    if (same === text) continue;
    walker.currentNode.data = same;
    others += 1;
  }
  // how fresh a device is depends on how long the run has taken
  for (const { firstChild } of document.querySelectorAll('.fresh')) {
    if (firstChild.data === '·') continue;
    firstChild.data = '·';
    others += 1;
  }
  for (const { firstChild } of document.querySelectorAll('.site-process')) {
    if (firstChild === null || firstChild.data === 'host/1') continue;
    firstChild.data = 'host/1';
    others += 1;
  }
  // a path that may be broken is several texts
  for (const element of new Set([...document.querySelectorAll('wbr')].map((part) => part.parentElement))) {
    if (!/[/]skerry-[a-z]+-\w{6}/.test(element.textContent)) continue;
    const texts = [...element.childNodes].filter((part) => part.nodeType === Node.TEXT_NODE);
    for (const [at, text] of texts.entries()) text.data = at === 0 ? '/tmp/skerry' : '';
    others += 1;
  }
  return others;
})()`;

/**
 * Takes a picture of the whole page and compares it with the one that is kept; undefined when they are alike. Where none is
 * kept it becomes the kept one if SKERRY_TEST_PICTURES is `keep`, else that is what is wrong. A picture that differs is
 * left in test-results/page. Pages are kept in English and light, and in Chinese and dark: every text and every colour is
 * in one of them, and what a theme changes beyond colours is nothing.
 */
export async function pictureFault(page: Page, blank: Page, name: string): Promise<string | undefined> {
  const before = page.viewportSize();
  await page.setViewportSize(WINDOW);
  await page.evaluate('scrollTo(0, 0)');
  await page.mouse.move(WINDOW.width - 1, WINDOW.height - 1);
  await drawn(page);
  const empty = await emptyParts(page);
  await page.evaluate(STAND_STILL);
  const path = join(KEPT, `${name}.png`);
  const isKept = process.env.SKERRY_TEST_PICTURES === 'keep';
  let taken = await pictureOf(page);
  let fault =
    isKept || !existsSync(path) ? undefined : await differenceFault(blank, readFileSync(path), taken);
  for (let tries = 1; fault !== undefined && tries < TRIES; tries++) {
    taken = await pictureOf(page);
    fault = await differenceFault(blank, readFileSync(path), taken);
  }
  if (before) await page.setViewportSize(before);
  if (empty.length > 0) return `${name}: nothing is drawn in ${empty.join(', ')}`;
  if (isKept) {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(path, smallPng(taken));
    return undefined;
  }
  if (!existsSync(path))
    return `no picture ${name}.png is kept; SKERRY_TEST_PICTURES=keep keeps the one that is taken`;
  if (fault === undefined) return undefined;
  mkdirSync(FOUND, { recursive: true });
  writeFileSync(join(FOUND, `${name}.png`), taken);
  return `${name}.png: ${fault}`;
}

/** Ages grow every second, and on a busy machine a picture takes longer: nothing of the page is asked or told again. */
const STAND_STILL = `(() => {
  for (let timer = setInterval(() => undefined, 3_600_000); timer > 0; timer--) clearInterval(timer);
})()`;

/** The whole page, with what is of the moment covered; again where the page has written meanwhile. */
export async function pictureOf(page: Page): Promise<Buffer> {
  for (let tries = 1; ; tries++) {
    await page.evaluate(SETTLE);
    const taken = await shotOf(page);
    if (tries === TRIES || (await page.evaluate<number>(SETTLE)) === 0) return taken;
  }
}

async function shotOf(page: Page): Promise<Buffer> {
  const paths = page.getByText(/\/skerry-(page|scene)-/).filter({ visible: true });
  const mask = [...[...LIVE, ...LOCAL].map((selector) => page.locator(selector)), paths];
  const height = await page.evaluate<number>('document.documentElement.scrollHeight');
  return await page.screenshot({
    mask,
    maskColor: '#7f8c96',
    animations: 'disabled',
    caret: 'hide',
    fullPage: true,
    clip: { x: 0, y: 0, width: WINDOW.width, height: Math.min(height, HEIGHT_MAX) },
  });
}

/** In which of the parts that pictures cover nothing is drawn, though it is waited for. */
async function emptyParts(page: Page): Promise<string[]> {
  const empty = 'window.emptyParts().length === 0';
  await page.evaluate(`window.emptyParts = ${EMPTY_PARTS}`);
  // a fault is told with its place below
  await page.waitForFunction(empty, undefined, { timeout: 10_000 }).catch(() => undefined);
  return await page.evaluate<string[]>('window.emptyParts()');
}

/** Charts without a pixel of a line's colour, and texts without a word. */
const EMPTY_PARTS = `() => {
  const lines = [
    '#0b7285', '#c2410c', '#5b4bc4', '#2b8a3e', '#a61e6d', '#8a6d00',
    '#3bc9db', '#ffa94d', '#a99bff', '#69db7c', '#f783ac', '#ffd43b',
  ].map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
  const isDrawn = (canvas) => {
    if (canvas === null || canvas.width === 0) return false;
    const pen = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    pen.drawImage(canvas, 0, 0);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] < 200) continue;
      if (lines.some((line) => line.every((level, channel) => Math.abs(level - data[at + channel]) < 12))) return true;
    }
    return false;
  };
  const parts = (selector) => [...document.querySelectorAll(selector)].filter((part) => part.checkVisibility());
  return [
    ...parts('.chart-plot').filter((plot) => !isDrawn(plot.querySelector('canvas'))),
    ...parts('.tile-value, .about-now').filter((part) => part.textContent.trim() === ''),
    ...parts('.connection-strip').filter((strip) => strip.childElementCount === 0),
  ].map((part) => part.closest('[aria-label]')?.getAttribute('aria-label') ?? part.parentElement.textContent.slice(0, 40));
}`;

/** What tells two pictures apart, in words; the browser decodes both. Undefined when they are alike. */
export async function differenceFault(
  blank: Page,
  kept: Uint8Array,
  taken: Uint8Array,
): Promise<string | undefined> {
  const { sizes, share, blocks } = await differenceOf(blank, kept, taken);
  if (sizes[0] !== sizes[1]) return `${sizes[1]} pixels, the kept picture has ${sizes[0]}`;
  if (share > TOLERANCE) return `${(share * 100).toFixed(2)} % of the pixels differ from the kept picture`;
  const [worst] = blocks.toSorted((a, b) => b.share - a.share);
  if (!worst || worst.share <= BLOCK_TOLERANCE) return undefined;
  return `at ${worst.x}, ${worst.y} ${(worst.share * 100).toFixed(1)} % of the pixels differ from the kept picture`;
}

/** How two pictures differ: their sizes, the share of pixels (1 where the sizes differ), and that of each block with any. */
interface Difference {
  readonly sizes: readonly [string, string];
  readonly share: number;
  readonly blocks: readonly { readonly x: number; readonly y: number; readonly share: number }[];
}

/** Counts the pixels that differ. */
export async function differenceOf(blank: Page, a: Uint8Array, b: Uint8Array): Promise<Difference> {
  const urls = [a, b].map((bytes) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`);
  return await blank.evaluate<Difference>(`(async () => {
    const [a, b] = await Promise.all(${JSON.stringify(urls)}.map(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext('2d');
      pen.drawImage(image, 0, 0);
      return pen.getImageData(0, 0, image.width, image.height);
    }));
    const sizes = [a, b].map(({ width, height }) => width + ' x ' + height);
    if (sizes[0] !== sizes[1]) return { sizes, share: 1, blocks: [] };
    const { width: w, height: h } = ${JSON.stringify(BLOCK)};
    const across = Math.ceil(a.width / w);
    const found = new Map();
    let differing = 0;
    for (let at = 0; at < a.data.length; at += 4) {
      const isOther = [0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > ${CHANNEL});
      if (!isOther) continue;
      differing += 1;
      const x = (at / 4) % a.width;
      const y = Math.floor(at / 4 / a.width);
      const block = Math.floor(y / h) * across + Math.floor(x / w);
      found.set(block, (found.get(block) ?? 0) + 1);
    }
    const blocks = [...found].map(([block, pixels]) => (
      { x: (block % across) * w, y: Math.floor(block / across) * h, share: pixels / (w * h) }));
    return { sizes, share: differing / (a.width * a.height), blocks };
  })()`);
}
