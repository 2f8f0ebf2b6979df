import type { DeviceKey, Scope, SeriesKey } from '@skerry/model';
import { covers } from '@skerry/model';
import type { DeviceEntry, Platform } from '../../platform.ts';

/** Which devices and metrics are meant; an absent member narrows nothing. */
export interface Selection {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
  readonly search?: string;
  readonly seenFromMicros?: number;
  readonly seenBeforeMicros?: number;
  /** Now, for what is narrowed by age. */
  readonly atMicros?: number;
  readonly metrics?: ReadonlySet<string>;
  /** Only what lies in one of them. */
  readonly scopes?: readonly Scope[];
}

const PAGE_DEVICES = 250;

/** Devices by key, page by page, those behind `after`. */
export async function* walkDevices(
  platform: Pick<Platform, 'devices'>,
  selection: Selection,
  behind: DeviceKey | undefined,
): AsyncGenerator<DeviceEntry> {
  const { device, metrics: _, ...rest } = selection;
  const narrowing = {
    ...rest,
    ...(device !== undefined && rest.search === undefined ? { search: device } : {}),
  };
  const isMeant = (key: DeviceKey) => device === undefined || key.device === device;
  let after = behind;
  for (;;) {
    const { entries } = await platform.devices({
      ...narrowing,
      ...(after ? { after } : {}),
      limit: PAGE_DEVICES,
    });
    for (const entry of entries) if (isMeant(entry)) yield entry;
    after = entries.at(-1);
    if (entries.length < PAGE_DEVICES) return;
  }
}

/** Series by key, those of `from` and behind it. */
export async function* walkSeries(
  platform: Pick<Platform, 'devices' | 'device'>,
  selection: Selection,
  from: SeriesKey | undefined,
): AsyncGenerator<SeriesKey> {
  if (from) yield* seriesOf(platform, selection, from, from.metric);
  for await (const { tenant, project, device } of walkDevices(platform, selection, from)) {
    yield* seriesOf(platform, selection, { tenant, project, device }, undefined);
  }
}

async function* seriesOf(
  platform: Pick<Platform, 'device'>,
  selection: Selection,
  { tenant, project, device }: DeviceKey,
  fromMetric: string | undefined,
): AsyncGenerator<SeriesKey> {
  if (!isSelected(selection, { tenant, project, device })) return;
  const detail = await platform.device({ tenant, project, device });
  const names = (detail?.metricList ?? []).map(({ metric }) => metric).sort(compareTexts);
  for (const metric of names) {
    if (fromMetric !== undefined && metric < fromMetric) continue;
    if (selection.metrics && !selection.metrics.has(metric)) continue;
    yield { tenant, project, device, metric };
  }
}

function isSelected(selection: Selection, key: DeviceKey): boolean {
  const { scopes, search } = selection;
  return (
    covers(selection, key) &&
    (search === undefined || key.device.toLowerCase().includes(search.toLowerCase())) &&
    (scopes === undefined || scopes.some((scope) => covers(scope, key)))
  );
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
