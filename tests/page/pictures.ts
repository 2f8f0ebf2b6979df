import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { drawn, ROOT } from './browser.ts';
import { smallPng } from './small-png.ts';

const KEPT = join(ROOT, 'tests', 'page', 'pictures');
const FOUND = join(ROOT, 'test-results', 'page');
/** Share of the pixels that may differ: times and ages are others in each run. */
const TOLERANCE = 0.02;
/** The window that is kept: wide enough for the layout of a large one, in three quarters of its bytes. */
const WINDOW = { width: 1_104, height: 690 };
/** Difference of one colour channel that counts. */
const CHANNEL = 48;

/** What is drawn of the moment, and paths of the machine, are covered before a picture is taken. */
const LIVE = [
  '.chart-plot',
  '.tile-value',
  '.tile-more',
  'progress',
  '.command code:visible',
  '.about-now',
  '.connection-strip',
];

/**
 * Takes a picture of the page and compares it with the one that is kept; undefined when they are alike. Where none is
 * kept it becomes the kept one if SKERRY_TEST_PICTURES is `keep`, else that is what is wrong. A picture that differs is
 * left in test-results/page.
 */
export async function pictureFault(page: Page, blank: Page, name: string): Promise<string | undefined> {
  const before = page.viewportSize();
  await page.setViewportSize(WINDOW);
  await page.evaluate('scrollTo(0, 0)');
  await page.mouse.move(WINDOW.width - 1, WINDOW.height - 1);
  await drawn(page);
  const paths = page.getByText(/\/skerry-(page|scene)-/).filter({ visible: true });
  const mask = [...LIVE.map((selector) => page.locator(selector)), paths];
  const taken = await page.screenshot({ mask, maskColor: '#7f8c96', animations: 'disabled', caret: 'hide' });
  if (before) await page.setViewportSize(before);
  const path = join(KEPT, `${name}.png`);
  if (process.env.SKERRY_TEST_PICTURES === 'keep') {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(path, smallPng(taken));
    return undefined;
  }
  if (!existsSync(path))
    return `no picture ${name}.png is kept; SKERRY_TEST_PICTURES=keep keeps the one that is taken`;
  const share = await differenceOf(blank, readFileSync(path), taken);
  if (share <= TOLERANCE) return undefined;
  mkdirSync(FOUND, { recursive: true });
  writeFileSync(join(FOUND, `${name}.png`), taken);
  return `${name}.png: ${(share * 100).toFixed(1)} % of the pixels differ from the kept picture`;
}

/** The share of pixels that differ, 1 where the sizes do; the browser decodes both. */
export async function differenceOf(blank: Page, a: Uint8Array, b: Uint8Array): Promise<number> {
  const urls = [a, b].map((bytes) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`);
  return await blank.evaluate<number>(`(async () => {
    const [a, b] = await Promise.all(${JSON.stringify(urls)}.map(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext('2d');
      pen.drawImage(image, 0, 0);
      return pen.getImageData(0, 0, image.width, image.height);
    }));
    if (a.width !== b.width || a.height !== b.height) return 1;
    let differing = 0;
    for (let at = 0; at < a.data.length; at += 4) {
      const isOther = [0, 1, 2].some((channel) => Math.abs(a.data[at + channel] - b.data[at + channel]) > ${CHANNEL});
      if (isOther) differing += 1;
    }
    return differing / (a.width * a.height);
  })()`);
}
