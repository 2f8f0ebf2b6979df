import { LatencyHistogram } from '@skerry/testkit';
import { atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { ask, FILLED, fillDevices } from '../frame/device-fill.ts';
import { rssMbOf } from '../frame/process-figures.ts';
import { type Skerry, startSkerry } from '../frame/skerry.ts';

const DEVICES = 100_000;
const RATE = 1_000;
const PAGE = 100;
/** Questions of each kind for each second of the form. */
const ASKED_PER_SEC = 20;

/** Pages of a list of 100,000 devices over HTTP: as the console asks for them, while messages come in. */
export const DEVICE_LIST: BenchCase = {
  name: 'device-list',
  title: 'A page of a list of 100,000 devices over HTTP',
  sides: [
    {
      name: 'skerry',
      promise:
        'every device, in the order asked for, with the total of the list; nothing that is not durable',
      run: listed,
    },
  ],
  targets: [
    atMost('searchP95Ms', 200, 'ms'),
    atMost('sortP95Ms', 200, 'ms'),
    atMost('deepP95Ms', 200, 'ms'),
    atMost('firstP95Ms', 200, 'ms'),
  ],
  short: { rounds: 1, secs: 5 },
  full: { rounds: 3, secs: 20 },
  notes: [
    `Pages of ${PAGE}, one after the other, by one client, while the devices send ${RATE.toLocaleString('en-US')} messages a second. \`first\`: the first page by name. \`search\`: three digits that ids may have anywhere, others each time. \`sort\`: by when they were last seen or by metrics, up and down, any page. \`deep\`: any page by name, without those before it. \`walk\`: by cursor from one page to the next. ${ASKED_PER_SEC} questions of each kind for each second of the form. No bound is set by anybody else: 200 ms is what feels immediate.`,
  ],
};

/** A kind of question: the path of its nth. */
type Kind = (n: number) => string;

async function listed({ folder, secs, say }: Run): Promise<Figures> {
  await using skerry = await startSkerry(folder);
  const startMs = performance.now();
  await using _load = await fillDevices(skerry, DEVICES, RATE);
  say(`${DEVICES} devices are known after ${((performance.now() - startMs) / 1_000).toFixed(1)} s`);
  const times = secs * ASKED_PER_SEC;
  const figures: Record<string, number> = {};
  for (const [name, kind] of Object.entries(KINDS)) {
    const latencies = await timed(skerry, kind, times);
    figures[`${name}P50Ms`] = latencies.percentile(0.5);
    figures[`${name}P95Ms`] = latencies.percentile(0.95);
    figures[`${name}MaxMs`] = latencies.maxMs;
  }
  return { ...figures, walkP95Ms: await walkedP95Ms(skerry, times), rssMb: rssMbOf(skerry.pid).now };
}

const KINDS: Readonly<Record<'first' | 'search' | 'sort' | 'deep', Kind>> = {
  first: () => '',
  search: (n) => `&search=${100 + ((n * 37) % 900)}`,
  sort: (n) =>
    `&sort=${n % 4 < 2 ? 'lastSeen' : 'metrics'}&order=${n % 2 === 0 ? 'desc' : 'asc'}&skip=${skipOf(n)}`,
  deep: (n) => `&skip=${skipOf(n)}`,
};

/** Somewhere in the list, far from where it was before. */
function skipOf(n: number): number {
  return (n * 61_803) % (DEVICES - PAGE);
}

interface DevicePage {
  readonly total: number;
  readonly items: readonly { readonly device: string }[];
  readonly cursor: string | null;
}

async function timed(skerry: Skerry, kind: Kind, times: number): Promise<LatencyHistogram> {
  const latencies = new LatencyHistogram();
  for (let n = 0; n < times; n++) {
    const path = kind(n);
    const [page, tookMs] = await pageOf(skerry, path);
    latencies.add(tookMs);
    const isWhole = path.includes('search=') ? page.total < DEVICES : page.total === DEVICES;
    if (!isWhole || page.items.length === 0 || (page.total > PAGE && page.items.length < PAGE))
      throw new TypeError(`${path} gave ${page.items.length} of ${page.total} devices.`);
  }
  return latencies;
}

async function walkedP95Ms(skerry: Skerry, times: number): Promise<number> {
  const latencies = new LatencyHistogram();
  const seen = new Set<string>();
  let next = '';
  for (let n = 0; n < times; n++) {
    const [page, tookMs] = await pageOf(skerry, next);
    latencies.add(tookMs);
    for (const { device } of page.items) seen.add(device);
    next = page.cursor === null ? '' : `&cursor=${encodeURIComponent(page.cursor)}`;
  }
  if (seen.size !== Math.min(times * PAGE, DEVICES))
    throw new TypeError(`${times} pages by cursor named ${seen.size} devices; each was to be another.`);
  return latencies.percentile(0.95);
}

async function pageOf(skerry: Skerry, narrowing: string): Promise<readonly [DevicePage, tookMs: number]> {
  const { tenant, project } = FILLED;
  const startMs = performance.now();
  const page = await ask(
    skerry,
    `/api/v1/devices?tenant=${tenant}&project=${project}&limit=${PAGE}${narrowing}`,
  );
  return [page as DevicePage, performance.now() - startMs]; // as the API's document says
}
