import { count, things } from '../../words/english.ts';

/** Texts of one device, in English. */
export const en = {
  back: 'All devices',
  range: 'Time range',
  auto: 'Auto',
  ranges: { '15m': '15 min', '1h': '1 h', '6h': '6 h', '24h': '24 h', '3d': '3 d' },
  fixed: (from: string, to: string) => `${from} to ${to}`,
  backToLive: 'Back to live',
  earlier: 'Earlier',
  later: 'Later',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  zoomHint: 'Draw over a chart to zoom in',
  metrics: 'Metrics shown',
  latest: 'Latest values',
  metric: 'Metric',
  value: 'Value',
  age: 'Age',
  time: 'Time',
  records: (stored: number) => `${things(stored, 'record')} stored`,
  gaps: (gaps: number) => things(gaps, 'gap in its numbering', 'gaps in its numbering'),
  corrected: (times: number) => things(times, 'time corrected', 'times corrected'),
  resets: (resets: number) => things(resets, 'restart of its numbering', 'restarts of its numbering'),
  noPoints: 'No points in this range.',
  newest: (ago: string) => `The newest is from ${ago}.`,
  noCharts: 'Nothing to draw: this device sends no numbers. Its texts are among the latest values.',
  unknown: 'No device of this name was ever seen.',
  chart: (metric: string, range: string) => `Chart of ${metric}, ${range}`,
  last: (range: string) => `last ${range}`,
  minMax: (min: string, max: string) => `min ${min} · max ${max}`,
  downsampled: 'thinned, extremes kept',
  newestOnly: 'newest points only',
  rows: (shown: number, all: number) =>
    shown < all ? `Newest ${count(shown)} of ${count(all)} points on the chart` : `${things(all, 'point')}`,
  export: 'Export (CSV)',
  exportOf: (metric: string) => `Export ${metric} as CSV`,
  compare: 'Compare with',
  compareHint: 'Device id, Enter to add',
  compared: 'Compared devices',
  uncompare: (device: string) => `Do not compare with ${device}`,
  noSuch: (text: string) => `No device has “${text}” in its id.`,
};

/** Shape of the texts of one device. */
export type DeviceWords = typeof en;
