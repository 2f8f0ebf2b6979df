import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionCookie } from '@skerry/testkit';
import { chromium, type Page } from 'playwright-core';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The page as the server serves it. */
export const PAGE_FOLDER = join(ROOT, 'packages', 'console', 'dist');

const PICTURES = join(ROOT, 'test-results', 'page');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];

/** Builds the page where its sources have changed; `npm test` has done so already. */
export function buildPage(): void {
  const script =
    "import { ensurePage } from './tools/set-up.mjs'; ensurePage(process.cwd(), process.execPath)";
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
}

/** A tab, with every fault of it. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console (those of the content security policy among them), and requests to other places. */
  readonly complaints: readonly string[];
}

/** A browser; each tab is a visitor of its own. */
export interface Visitors extends AsyncDisposable {
  /** Opens an address, signed in with `cookie` where one is given. */
  open(url: string, cookie?: SessionCookie): Promise<Tab>;
}

/** Starts Chromium. */
export async function openBrowser(): Promise<Visitors> {
  const executablePath = process.env.SKERRY_TEST_CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...QUIET_FLAGS] });
  return {
    async open(url, cookie) {
      const page = await browser.newPage({ viewport: { width: 1_280, height: 850 }, colorScheme: 'light' });
      if (cookie) await page.context().addCookies([{ ...cookie, url: new URL(url).origin }]);
      page.setDefaultTimeout(15_000);
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('request', (request) => {
        if (new URL(request.url()).origin !== new URL(url).origin) complaints.push(`asks ${request.url()}`);
      });
      await page.goto(url);
      return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** Waits until the page shows a text. */
export function sees(page: Page, text: string): Promise<void> {
  return page.getByText(text).filter({ visible: true }).first().waitFor();
}

interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
}

/** The two looks that differ in everything. */
export const TWO_LOOKS: readonly Look[] = [
  { colorScheme: 'light', width: 1_280 },
  { colorScheme: 'dark', width: 390 },
];
const ALL_LOOKS: readonly Look[] = [
  ...TWO_LOOKS,
  { colorScheme: 'light', width: 390 },
  { colorScheme: 'dark', width: 1_280 },
];

/** What sticks out of a page to the right, boxes that scroll by themselves left out. */
const OVERFLOW = `[...document.querySelectorAll('body *')].filter((element) =>
  element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 &&
  !element.closest('pre, .unseen, .skip')).map((element) => element.outerHTML.slice(0, 120))`;

/**
 * Takes a picture of the page as it is, in light and dark, wide and narrow, and gives back what does not fit the width.
 * The pictures are test-results/page/NAME-SCHEME-WIDTH.png.
 */
export async function picture(page: Page, name: string, looks = ALL_LOOKS): Promise<string[]> {
  mkdirSync(PICTURES, { recursive: true });
  const misfits: string[] = [];
  for (const { colorScheme, width } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 850 });
    // two frames: the charts are drawn again at their new width
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    misfits.push(...(await page.evaluate<string[]>(OVERFLOW)));
    await page.screenshot({ path: join(PICTURES, `${name}-${colorScheme}-${width}.png`) });
  }
  return misfits;
}
