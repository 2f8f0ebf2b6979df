import { formatCount, LOCALE } from './format.ts';
import { ageParts, type Freshness } from './freshness.ts';

const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: 'always' });

function things(count: number, one: string, many: string): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** An age in words: `just now`, `12 seconds ago`. */
function ago(ageMs: number): string {
  const { count, unit } = ageParts(ageMs);
  return unit === 'second' && count < 2 ? 'just now' : relative.format(-count, unit);
}

const freshness: Readonly<Record<Freshness, string>> = {
  live: 'Live',
  recent: 'Recent',
  quiet: 'Quiet',
  silent: 'Silent',
};

/** Every text of the page. A second language is a second object of this type. */
export const messages = {
  product: 'Skerry',
  skip: 'Skip to content',
  nav: { label: 'Main', overview: 'Overview', devices: 'Devices', deadLetters: 'Dead letters' },
  ago,
  freshness,
  connection: {
    live: 'Live',
    connecting: 'Connecting',
    disconnected: 'Disconnected',
    paused: 'Paused',
    lost: 'The connection to the server is lost. What you see may be out of date; it comes back by itself.',
    stale: (ageMs: number) => `The server has sent no figures for a while; the last are from ${ago(ageMs)}.`,
  },
  loading: 'Loading',
  failed: 'This could not be loaded.',
  retry: 'Try again',
  copy: 'Copy',
  copied: 'Copied',
  more: 'Show more',
  firstOnly: (count: number) =>
    `Only the first ${formatCount(count)} are listed; narrow the list to see others.`,
  table: 'Show as a table',
  overview: {
    title: 'Overview',
    received: 'Messages',
    points: 'Points',
    delay: 'Delay',
    delayHint: 'from receipt to visible, median',
    p99: (text: string) => `99th percentile ${text}`,
    backlog: 'Backlog',
    noBacklog: 'all decoded',
    backlogAge: (text: string) => `oldest waits ${text}`,
    devices: 'Devices',
    series: (count: number) => things(count, 'series', 'series'),
    connections: (count: number) => things(count, 'connection', 'connections'),
    perSecond: '/s',
    total: (count: number) => `${formatCount(count)} in total`,
    pending: 'Pending records are safe in the journal; the store commits them within seconds.',
    rateChart: 'Messages and points per second',
    delayChart: 'Delay from receipt to visible',
    p50Label: 'median',
    p99Label: '99th percentile',
    ledger: 'Ledger',
    balanced: 'Balanced',
    unbalanced: 'Out of balance',
    balancedWords: (received: number) =>
      received === 0
        ? 'Nothing has been received yet.'
        : `Every one of the ${things(received, 'record', 'records')} received is accounted for.`,
    unbalancedWords: 'The ledger does not balance. The audit names the records: npx skerry ledger --audit.',
    storage: 'Storage',
    journal: 'Journal',
    journalOf: (used: string, max: string) => `${used} of ${max}`,
    store: 'Series',
    version: 'Version',
    started: 'Started',
  },
  accounts: {
    received: 'received',
    stored: 'stored',
    deduplicated: 'deduplicated',
    filtered: 'filtered',
    deadLettered: 'dead-lettered',
    discarded: 'discarded',
    expired: 'expired',
    pending: 'pending',
  },
  devices: {
    title: 'Devices',
    search: 'Search devices',
    searchHint: 'Press / to search, arrow keys to move, Enter to open',
    device: 'Device',
    project: 'Tenant / project',
    metrics: 'Metrics',
    lastSeen: 'Last seen',
    state: 'State',
    none: (text: string) => `No device matches “${text}”.`,
    shown: (count: number, all = count) =>
      count < all
        ? `${formatCount(count)} of ${things(all, 'device', 'devices')} shown`
        : `${things(count, 'device', 'devices')} shown`,
  },
  empty: {
    title: 'No device has sent anything yet',
    words: 'Send a first message from a terminal; it appears here at once:',
  },
  device: {
    back: 'All devices',
    range: 'Time range',
    auto: 'Auto',
    ranges: { '15m': '15 min', '1h': '1 h', '6h': '6 h', '24h': '24 h', '3d': '3 d' },
    metrics: 'Metrics shown',
    latest: 'Latest values',
    metric: 'Metric',
    value: 'Value',
    age: 'Age',
    time: 'Time',
    records: (stored: number) => `${things(stored, 'record', 'records')} stored`,
    gaps: (count: number) => things(count, 'gap in its numbering', 'gaps in its numbering'),
    corrected: (count: number) => things(count, 'time corrected', 'times corrected'),
    resets: (count: number) => things(count, 'restart of its numbering', 'restarts of its numbering'),
    noPoints: 'No points in this range.',
    newest: (ageMs: number) => `The newest is from ${ago(ageMs)}.`,
    noCharts: 'Nothing to draw: this device sends no numbers. Its texts are among the latest values.',
    unknown: 'No device of this name was ever seen.',
    chart: (metric: string, range: string) => `Chart of ${metric}, last ${range}`,
    min: 'min',
    max: 'max',
    downsampled: 'thinned, extremes kept',
    newestOnly: 'newest points only',
    rows: (shown: number, all: number) =>
      shown < all
        ? `Newest ${formatCount(shown)} of ${formatCount(all)} points on the chart`
        : `${things(all, 'point', 'points')}`,
  },
  deadLetters: {
    title: 'Dead letters',
    words: 'Records that could not be processed. They are kept whole until they are replayed or discarded.',
    state: 'State',
    states: { open: 'Open', replayed: 'Replayed', discarded: 'Discarded', expired: 'Expired', any: 'Any' },
    reasons: {
      'unknown-topic': 'Unknown topic',
      undecodable: 'Cannot be decoded',
      'series-limit': 'Too many series',
      'too-many-points': 'Too many points',
    },
    none: 'No dead letters here. Every record could be processed.',
    offset: 'Offset',
    received: 'Received',
    reason: 'Reason',
    topic: 'Topic',
    size: 'Size',
    one: (offset: string) => `Dead letter ${offset}`,
    back: 'All dead letters',
    client: 'Client',
    stage: 'Stage',
    detail: 'What was found',
    payload: 'Payload',
    text: 'As text',
    hex: 'In hex',
    notText: 'The bytes are not UTF-8.',
    truncated: 'Only the first bytes are shown.',
    act: 'What to do with it',
    actWords:
      'Changing a dead letter needs the token of the data folder. This page does not have it; the command line finds it. On the machine of the server, in the folder of Skerry:',
    replay: 'Replay it once its cause is mended; twice is harmless.',
    discard: 'Or discard it for good; the ledger counts it as discarded.',
    changed: (author: string, when: string) => `by ${author}, ${when}`,
    unknown: 'No dead letter has this offset.',
  },
  notFound: { title: 'Nothing is here', words: 'This address is not a page of the console.' },
} as const;
