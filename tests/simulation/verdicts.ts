import type { SeriesStore } from '@skerry/series';
import type { FeedWatcher } from './feed-watcher.ts';
import { OWNER, type SentLedger, type SentMessage } from './sent-ledger.ts';
import { STRANGER } from './stranger.ts';

/** What the judge may find. The words are those of the verifier, and some that only a simulation can see. */
export type Verdict =
  | 'lost'
  | 'phantom'
  | 'corrupt'
  | 'dup-store'
  | 'order'
  | 'stuck'
  | 'unbalanced'
  | 'audit'
  | 'alarm'
  /** Given to a reader and not there afterwards, or not the same. */
  | 'disappeared'
  /** Shown by the live feed twice, or never without a word of a gap. */
  | 'feed';

/** One thing that is not as it should be. */
export interface Finding {
  readonly verdict: Verdict;
  readonly detail: string;
}

interface StoredPoint {
  readonly offset: number;
  readonly value: unknown;
}

type Report = (verdict: Verdict, detail: string) => void;

const FAR_FUTURE_MICROS = 2 ** 53 - 1;
const PAGE = 5_000;
const DEADLINE_MS = 1e12;

/** Compares everything that was sent with everything that is stored or set aside, and with what the live feed showed. */
export async function judge(ledger: SentLedger, store: SeriesStore, feed: FeedWatcher): Promise<Finding[]> {
  const findings: Finding[] = [];
  const report: Report = (verdict, detail) => {
    if (findings.filter((one) => one.verdict === verdict).length < 5) findings.push({ verdict, detail });
  };
  const places = await placesOf(ledger, store, report);
  for (const message of ledger.messages) judgeOne(message, places.get(message) ?? [], report);
  judgeOrder(ledger, places, report);
  judgeFeed(ledger, places, feed, report);
  return findings;
}

/** Offsets at which each message is stored or set aside. */
async function placesOf(
  ledger: SentLedger,
  store: SeriesStore,
  report: Report,
): Promise<ReadonlyMap<SentMessage, readonly number[]>> {
  const places = new Map<SentMessage, number[]>();
  const place = (message: SentMessage | undefined, offset: number, shown: string): void => {
    if (!message || message.sends === 0) report('phantom', `${shown} at offset ${offset}`);
    else places.set(message, [...(places.get(message) ?? []), offset]);
  };
  const { series } = await store.load();
  const idOf = (device: string, metric: string) =>
    series.find((one) => isOwned(one) && one.device === device && one.metric === metric)?.id;
  for (const one of series) {
    if (one.metric !== 'n') continue;
    const { device } = one;
    const fillers = new Map<number, unknown>();
    const filler = idOf(device, 'f');
    if (filler !== undefined)
      for (const { offset, value } of await pointsOf(store, filler)) fillers.set(offset, value);
    for (const { offset, value } of await pointsOf(store, one.id)) {
      const message = isOwned(one) ? ledger.find(device, Number(value)) : undefined;
      const isDecodable = message?.kind === 'numbered' || message?.kind === 'plain';
      place(isDecodable ? message : undefined, offset, `${device} ${String(value)}`);
      if (message && fillers.get(offset) !== message.filler)
        report('corrupt', `${device} ${message.number} at offset ${offset} has another filler`);
    }
  }
  for (const { offset, payload } of await lettersOf(store)) {
    const message = ledger.findPayload(payload);
    const isLetter = message?.kind === 'undecodable' || message?.kind === 'misrouted';
    place(
      isLetter ? message : undefined,
      offset,
      `dead letter ${new TextDecoder().decode(payload).slice(0, 40)}`,
    );
  }
  return places;
}

function isOwned({ tenant, project }: { readonly tenant: string; readonly project: string }): boolean {
  return tenant === OWNER.tenant && project === OWNER.project;
}

function judgeOne(message: SentMessage, offsets: readonly number[], report: Report): void {
  const shown = `${message.device} ${message.number} (${message.kind}, QoS ${message.qos}, sent ${message.sends} times, offsets ${offsets.join()})`;
  if (message.isAcked && offsets.length === 0) report('lost', shown);
  if (message.isDelivered && offsets.length === 0) report('disappeared', `shown to a subscriber: ${shown}`);
  // What has no id of its own may be stored once for each time it was sent, never more often.
  const allowed = message.kind === 'numbered' ? 1 : message.sends;
  if (offsets.length > allowed || new Set(offsets).size !== offsets.length) report('dup-store', shown);
}

/** First-seen numbers of a device only grow with the offset; a refused message has lost its place. */
function judgeOrder(
  ledger: SentLedger,
  places: ReadonlyMap<SentMessage, readonly number[]>,
  report: Report,
): void {
  const highest = new Map<string, { readonly number: number; readonly offset: number }>();
  for (const message of ledger.messages) {
    const offsets = places.get(message);
    if (!offsets || message.wasRefused || message.qos === 0) continue;
    const offset = Math.min(...offsets);
    const before = highest.get(message.device);
    if (before && before.offset > offset)
      report(
        'order',
        `${message.device}: ${message.number} at ${offset}, ${before.number} at ${before.offset}`,
      );
    highest.set(message.device, { number: message.number, offset });
  }
}

function judgeFeed(
  ledger: SentLedger,
  places: ReadonlyMap<SentMessage, readonly number[]>,
  feed: FeedWatcher,
  report: Report,
): void {
  if (feed.phantoms > 0) report('phantom', `the live feed showed ${feed.phantoms} points that nobody sent`);
  for (const message of ledger.messages) {
    const shown = `${message.device} ${message.number} (${message.kind})`;
    const offsets = places.get(message) ?? [];
    const stored = offsets.length;
    const due = offsets.filter((offset) => offset >= (feed.from ?? Number.POSITIVE_INFINITY)).length;
    const seen = feed.timesSeen(message);
    if (message.kind !== 'numbered' && message.kind !== 'plain') continue;
    if (seen > 0 && stored === 0) report('disappeared', `shown by the live feed: ${shown}`);
    if (seen > stored) report('feed', `${shown} was shown ${seen} times and is stored ${stored} times`);
    if (seen < due && feed.gaps === 0)
      report('feed', `${shown} was shown ${seen} times and is stored ${due} times, and no gap was told of`);
  }
}

async function pointsOf(store: SeriesStore, series: number): Promise<StoredPoint[]> {
  const points: StoredPoint[] = [];
  let after: { timeMicros: number; offset: number; ordinal: number } | undefined;
  do {
    const page = await store.query(
      {
        series,
        fromMicros: 0,
        toMicros: FAR_FUTURE_MICROS,
        shape: { kind: 'raw', after, limit: PAGE, newestFirst: false },
        deadlineMs: DEADLINE_MS,
      },
      [],
    );
    if (page.kind !== 'points') throw new Error('The store answered a question for raw points with buckets.');
    page.values.forEach((value, i) => {
      points.push({ offset: Number(page.offsets[i]), value });
    });
    after = page.next;
  } while (after);
  return points;
}

async function lettersOf(
  store: SeriesStore,
): Promise<{ readonly offset: number; readonly payload: Uint8Array }[]> {
  const letters: { readonly offset: number; readonly payload: Uint8Array }[] = [];
  for (let after = -1; ; ) {
    const page = await store.deadLetters({ after, limit: PAGE });
    for (const { offset, tenant } of page) {
      if (tenant === STRANGER) continue;
      const letter = await store.deadLetter(offset);
      if (letter) letters.push({ offset, payload: letter.payload });
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) return letters;
    after = last.offset;
  }
}
