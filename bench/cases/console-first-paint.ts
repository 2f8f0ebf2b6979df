import { sessionCookie } from '@skerry/testkit';
import { CHROMIUMS, findChromium } from '@skerry/testkit/engines';
import { type Browser, chromium, type Page } from 'playwright-core';
import { atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { medianOf } from '../frame/contest.ts';
import { fillDevices } from '../frame/device-fill.ts';
import { startSkerry } from '../frame/skerry.ts';

const DEVICES = 10_000;
const RATE = 1_000;
const VISITS = 5;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

/** From opening the console in a browser that has never seen it to what stands on the screen. */
export const CONSOLE_FIRST_PAINT: BenchCase = {
  name: 'console-first-paint',
  title: 'First paint of the console with 10,000 devices',
  sides: [
    {
      name: 'skerry',
      promise:
        'the overview of the real server, opened by somebody signed in, with nothing in the browser’s cache',
      whyMissing: () => (findChromium() ? undefined : `there is no ${CHROMIUMS.join(' or ')} here`),
      run: visited,
    },
  ],
  targets: [atMost('firstPaintMs', 1_000, 'ms'), atMost('firstLoadKb', 200, 'kB')],
  short: { rounds: 1, secs: 1 },
  full: { rounds: 3, secs: 1 },
  notes: [
    `Median of ${VISITS} visits by Chromium on the same cores, each with a context of its own, while the devices send ${RATE.toLocaleString('en-US')} messages a second. Milliseconds count from the beginning of the navigation: \`firstPaintMs\` is the browser’s own first-contentful-paint, \`valuesMs\` the frame in which the figures of the overview stand, \`liveMs\` the first frame in which one of them was changed by the stream of events, which tells the overview once a second. \`firstLoadKb\` are the bytes of page, scripts and styles as they come over the wire (gzip), 1 kB is 1,000 bytes.`,
  ],
};

async function visited({ folder, say }: Run): Promise<Figures> {
  await using skerry = await startSkerry(folder);
  await using _load = await fillDevices(skerry, DEVICES, RATE);
  const url = `http://127.0.0.1:${skerry.server.httpPort}`;
  const cookie = { ...(await sessionCookie(url, skerry.server.token)), url };
  await using browser = await chromium.launch({ executablePath: String(findChromium()), args: FLAGS });
  const visits: Visit[] = [];
  for (let n = 0; n < VISITS; n++) {
    const visit = await visitOf(browser, url, cookie);
    say(`visit ${n + 1}: ${JSON.stringify(visit)}`);
    visits.push(visit);
  }
  const median = (name: keyof Visit): number => medianOf(visits.map((visit) => visit[name]));
  return {
    firstPaintMs: median('firstPaintMs'),
    valuesMs: median('valuesMs'),
    liveMs: median('liveMs'),
    firstLoadKb: median('firstLoadKb'),
    worstFirstPaintMs: Math.max(...visits.map(({ firstPaintMs }) => firstPaintMs)),
  };
}

interface Visit {
  readonly firstPaintMs: number;
  readonly valuesMs: number;
  readonly liveMs: number;
  readonly firstLoadKb: number;
}

async function visitOf(
  browser: Browser,
  url: string,
  cookie: { readonly name: string; readonly value: string; readonly url: string },
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  try {
    await context.addCookies([cookie]);
    await context.addInitScript(WATCH);
    const page = await context.newPage();
    await page.goto(url);
    return await visitSeen(page);
  } finally {
    await context.close();
  }
}

/** Notes, frame by frame, when the tiles of the overview have figures and when one of them is another. */
const WATCH = `globalThis.seen = new Promise((resolve) => {
  let [first, valuesMs] = ['', 0];
  const look = () => {
    const text = [...document.querySelectorAll('.tile-value')].map((tile) => tile.textContent).join(' ');
    if (text !== '' && first === '') [first, valuesMs] = [text, performance.now()];
    if (first !== '' && text !== first) resolve({ valuesMs, liveMs: performance.now() });
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})`;

async function visitSeen(page: Page): Promise<Visit> {
  return await page.evaluate<Visit>(`(async () => {
    const times = await seen;
    const entries = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    const bytes = entries.filter(({ name }) => !name.includes('/api/')).reduce((sum, entry) => sum + entry.encodedBodySize, 0);
    const firstPaintMs = performance.getEntriesByName('first-contentful-paint')[0].startTime;
    return { firstPaintMs, ...times, firstLoadKb: bytes / 1000 };
  })()`);
}
