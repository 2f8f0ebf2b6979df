import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SessionCookie } from '@skerry/testkit';
import { CHROMIUMS, findChromium } from '@skerry/testkit/engines';
import { chromium, type Locator, type Page } from 'playwright-core';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** The page as the server serves it. */
export const PAGE_FOLDER = join(ROOT, 'packages', 'console', 'dist');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'];
const QUIET_FLAGS = ['--disable-background-networking', '--disable-component-update'];

/** Builds the page where its sources have changed; `npm test` has done so already. */
export function buildPage(): void {
  const script =
    "import { ensurePage } from './tools/set-up.mjs'; ensurePage(process.cwd(), process.execPath)";
  execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT });
}

/** Languages of the page. */
export type Language = 'en' | 'zh' | 'pseudo';

/** Who visits, and what they have chosen about the page. */
export interface Visit {
  readonly cookie?: SessionCookie;
  /** What the browser asks for first; English when absent. */
  readonly language?: Language;
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
}

/** A tab, with every fault of it. */
export interface Tab extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console (those of the content security policy among them), and requests to other places. */
  readonly complaints: readonly string[];
}

/** A browser; each tab is a visitor of its own. */
export interface Visitors extends AsyncDisposable {
  open(url: string, visit?: Visit): Promise<Tab>;
  /** A page of nothing, to work with pictures in. */
  blank(): Promise<Page>;
}

/** Starts Chromium. */
export async function openBrowser(): Promise<Visitors> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new TypeError(`There is no Chromium here; Debian: apt-get install ${CHROMIUMS[0]}`);
  const browser = await chromium.launch({ executablePath, args: [...FLAGS, ...QUIET_FLAGS] });
  return {
    async open(url, visit = {}) {
      const { cookie, language = 'en', theme = 'light', width = 1_280 } = visit;
      const page = await browser.newPage({
        viewport: { width, height: 800 },
        locale: language === 'zh' ? 'zh-CN' : 'en-US',
        timezoneId: 'Asia/Shanghai',
        colorScheme: theme,
        reducedMotion: 'reduce',
      });
      if (cookie) await page.context().addCookies([{ ...cookie, url: new URL(url).origin }]);
      if (language === 'pseudo')
        await page.addInitScript("localStorage.setItem('skerry.language', 'pseudo')");
      page.setDefaultTimeout(45_000);
      const complaints = complaintsOf(page, new URL(url).origin);
      await page.goto(url);
      return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
    },
    blank: () => browser.newPage(),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

function complaintsOf(page: Page, origin: string): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (asked !== origin && protocol !== 'blob:') complaints.push(`asks ${request.url()}`);
  });
  return complaints;
}

/**
 * Waits for two things that are opened at once. Where one cannot be opened, the other is closed before this fails with the
 * fault of the first: a browser that nobody owns would keep the test from ending.
 */
export async function openTogether<A extends AsyncDisposable, B extends AsyncDisposable>(
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'fulfilled' && other.status === 'fulfilled') return [one.value, other.value];
  for (const opened of [one, other]) {
    if (opened.status === 'fulfilled') await opened.value[Symbol.asyncDispose]();
  }
  throw one.status === 'rejected' ? one.reason : other.status === 'rejected' && other.reason;
}

/** Goes one step back, and waits until the query of the address is as it was: what was typed last may come to the address meanwhile. */
export async function backTo(page: Page, search: string): Promise<void> {
  await page.goBack();
  await page.waitForURL((url) => url.search === search);
}

/** Waits until the page shows a text. */
export function sees(page: Page, text: string): Promise<void> {
  return page.getByText(text).filter({ visible: true }).first().waitFor();
}

/** Waits until an element is there and has the focus. */
export function focusIsOn(element: Locator): Promise<void> {
  return element.and(element.page().locator(':focus')).waitFor();
}

/**
 * What does not fit: what sticks out to the right, unless it is off the screen on purpose or in a box that scrolls; what is
 * drawn before or behind an element and lies outside of its card; text that is cut off and has no title that says it whole;
 * a cell that a narrow window hides in a row that tells nothing of it.
 */
const MISFITS = `(() => {
  const width = document.documentElement.clientWidth;
  const found = [];
  const tell = (what, element) => found.push(what + ' ' + element.outerHTML.slice(0, 160));
  const scrolls = (element) => element !== null && (['auto', 'scroll'].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const drawnBeside = (element) => {
    for (const side of ['::before', '::after']) {
      const style = getComputedStyle(element, side);
      if (['none', 'normal', '""'].includes(style.content) || style.position !== 'absolute') continue;
      const left = element.getBoundingClientRect().left + Number.parseFloat(style.left);
      const right = left + Number.parseFloat(style.width);
      const card = (element.closest('.scroll, .card') ?? document.body).getBoundingClientRect();
      if (left < card.left - 1 || (right > card.right + 1 && !scrolls(element.parentElement))) tell(side + ' outside', element);
    }
  };
  for (const cell of document.querySelectorAll('td.wide-only, [role="cell"].wide-only, [role="gridcell"].wide-only')) {
    const row = cell.closest('tr, [role="row"]');
    if (cell.checkVisibility() || cell.textContent === '' || !row.checkVisibility()) continue;
    if (![...row.querySelectorAll('.narrow-only')].some((told) => told.checkVisibility())) tell('hidden', cell);
  }
  for (const element of document.querySelectorAll('body *')) {
    if (!element.checkVisibility() || element.closest('.unseen, .skip, svg, .uplot')) continue;
    if (element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement)) tell('sticks out', element);
    drawnBeside(element);
    const { overflowX, textOverflow } = getComputedStyle(element);
    const isCut = element.scrollWidth > element.clientWidth + 1 && ['hidden', 'clip'].includes(overflowX) && !element.matches('input, textarea, select');
    if (isCut && (textOverflow === 'ellipsis' || element.childElementCount === 0) && element.closest('[title]') === null)
      tell('cut off', element);
  }
  return found;
})()`;

/** Widths at which pages must fit; 640 is a window of 1,280 at 200 % zoom, 320 one at 400 % (WCAG 2.2, 1.4.10). */
const WIDTHS = [1_280, 768, 640, 390, 320];

/** What does not fit the page at each of some widths. */
export async function misfits(page: Page, widths: readonly number[] = WIDTHS): Promise<string[]> {
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    await drawn(page);
    found.push(...(await page.evaluate<string[]>(MISFITS)).map((part) => `${width}: ${part}`));
  }
  await page.setViewportSize({ width: 1_280, height: 800 });
  return found;
}

/** Two frames: the charts are drawn again at their new width. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))',
  );
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface AxeFinding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];

/**
 * What axe finds wrong by WCAG 2.2 AA and its own best practices, a line each; `of-theme`: by WCAG 2.2 AA alone, for a page
 * that was looked at in its other theme (best practices are about landmarks and headings, which have no colour).
 */
export async function axeFindings(page: Page, rules: 'all' | 'of-theme' = 'all'): Promise<string[]> {
  await drawn(page);
  if (!(await page.evaluate<boolean>("typeof axe === 'object'"))) await page.evaluate(AXE);
  const tags = rules === 'all' ? [...WCAG, 'best-practice'] : WCAG;
  const { violations } = await page.evaluate<{ readonly violations: readonly AxeFinding[] }>(
    `axe.run(document, { runOnly: ${JSON.stringify(tags)}, resultTypes: ['violations'] })`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 140)} ${failureSummary.slice(0, 200)}`,
    ),
  );
}

/** What axe finds in the theme that the page has, and then in the other, a line each behind the theme. */
export async function findingsInBothThemes(page: Page, theme: 'light' | 'dark'): Promise<string[]> {
  const found = (await axeFindings(page)).map((finding) => `${theme}: ${finding}`);
  const other = theme === 'light' ? 'dark' : 'light';
  await page.emulateMedia({ colorScheme: other });
  found.push(...(await axeFindings(page, 'of-theme')).map((finding) => `${other}: ${finding}`));
  await page.emulateMedia({ colorScheme: theme });
  return found;
}
