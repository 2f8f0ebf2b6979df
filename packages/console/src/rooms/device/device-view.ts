import { RANGES, type RangeName } from '../../charts/time-window.ts';
import { type DeviceName, devicePath, partsOf } from '../../route.ts';

/** What of the time is shown: a range that ends now and goes on, or a fixed one; seconds since 1970. */
export type TimeView =
  | { readonly kind: 'tail'; readonly range: RangeName | 'auto' }
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number };

/** What the address says of a device's page. */
export interface DeviceView {
  readonly time: TimeView;
  /** Metrics shown; undefined: the first ones. */
  readonly metrics: readonly string[] | undefined;
  readonly compared: readonly DeviceName[];
}

/** Devices that can be drawn beside each other, the page's own among them. */
export const COMPARED_MAX = 6;
/** The shortest range that is shown, seconds. */
const SPAN_SECS_MIN = 2;

/** The view that an address asks for. */
export function readView(query: URLSearchParams): DeviceView {
  const metrics = query.get('metrics');
  return {
    time: readTime(query),
    metrics: metrics === null ? undefined : listOf(metrics).map(decodeURIComponent),
    compared: listOf(query.get('compare') ?? '')
      .map((path) => partsOf(path))
      .flatMap(([tenant, project, device]) =>
        tenant && project && device ? [{ tenant, project, device }] : [],
      )
      .slice(0, COMPARED_MAX - 1),
  };
}

/** A list of metrics as the address holds it. */
export function writeMetrics(metrics: readonly string[]): string {
  return metrics.length === 0 ? ',' : metrics.map(encodeURIComponent).join();
}

/** A list of devices as the address holds it. */
export function writeCompared(devices: readonly DeviceName[]): string {
  return devices.map((device) => devicePath(device).slice('/devices/'.length)).join();
}

/** A fixed range as the address holds it, to the millisecond. */
export function writeFixed(from: number, to: number): { readonly from: string; readonly to: string } {
  const middle = (from + to) / 2;
  const half = Math.max(to - from, SPAN_SECS_MIN) / 2;
  const iso = (seconds: number) => new Date(seconds * 1_000).toISOString();
  return { from: iso(middle - half), to: iso(middle + half) };
}

/** A range seen through a factor (2: twice as much) and moved by a share of itself. */
export function moved(
  { from, to }: { readonly from: number; readonly to: number },
  factor: number,
  shift: number,
): { readonly from: number; readonly to: number } {
  const span = to - from;
  const middle = (from + to) / 2 + shift * span;
  return { from: middle - (span * factor) / 2, to: middle + (span * factor) / 2 };
}

function readTime(query: URLSearchParams): TimeView {
  const from = Date.parse(query.get('from') ?? '') / 1_000;
  const to = Date.parse(query.get('to') ?? '') / 1_000;
  if (Number.isFinite(from) && Number.isFinite(to) && to > from) return { kind: 'fixed', from, to };
  const range = RANGES.find(({ name }) => name === query.get('range'))?.name;
  return { kind: 'tail', range: range ?? 'auto' };
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '');
}
