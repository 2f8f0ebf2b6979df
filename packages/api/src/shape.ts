import type { LedgerReport, PointValue } from '@skerry/model';
import { LIMITS } from './limits.ts';
import type {
  AuditReport,
  BucketRow,
  DeadLetterEntry,
  DeviceDetail,
  DeviceEntry,
  LatestValue,
  LiveDevice,
  OverviewFigures,
  PointRows,
} from './platform.ts';
import type { Model } from './schemas.ts';
import { formatTime } from './time.ts';

/** A value as JSON carries it; exact integers beyond 2^53 are strings and marked. */
export function showValue(value: PointValue): Pick<Model<'Point'>, 'value' | 'type'> {
  if (typeof value !== 'bigint') return { value };
  const near = Number(value);
  return Number.isSafeInteger(near) ? { value: near } : { value: value.toString(), type: 'integer' };
}

/** Rows as points, at most `limit` of them. */
export function showPoints(rows: PointRows, limit = rows.times.length): Model<'Point'>[] {
  const points: Model<'Point'>[] = [];
  for (let i = 0; i < rows.times.length && i < limit; i++) {
    points.push({ time: formatTime(Number(rows.times[i])), ...showValue(rows.values[i] as PointValue) }); // columns have one length
  }
  return points;
}

/** Rows as NDJSON text, a line each. */
export function showPointLines(rows: PointRows, from: number, to: number): string {
  let lines = '';
  for (let i = from; i < to; i++) {
    const value = rows.values[i] as PointValue; // columns have one length
    const time = formatTime(Number(rows.times[i]));
    lines +=
      typeof value === 'number'
        ? `{"time":"${time}","value":${value}}\n`
        : `${JSON.stringify({ time, ...showValue(value) })}\n`;
  }
  return lines;
}

/** Names that `aggregates` may ask for. */
export const AGGREGATES = ['count', 'min', 'max', 'sum', 'mean', 'first', 'last'] as const;

/** A bucket with the aggregates asked for. */
export function showBucket(row: BucketRow, wanted: ReadonlySet<string>): Model<'Bucket'> {
  const whole = { ...row, mean: row.sum / row.count };
  const shown: Record<string, number> = {};
  for (const name of AGGREGATES) if (wanted.has(name)) shown[name] = whole[name];
  const time = formatTime(row.startMicros);
  return isRounded(row) ? { time, ...shown, isRounded: true } : { time, ...shown };
}

/** Whether doubles may have rounded an exact integer in the bucket: beyond 2^53 they leave out neighbours. */
function isRounded({ min, max, sum }: BucketRow): boolean {
  return Math.max(Math.abs(min), Math.abs(max), Math.abs(sum)) > Number.MAX_SAFE_INTEGER;
}

/** A device of the list. */
export function showDevice(entry: DeviceEntry): Model<'Device'> {
  return {
    tenant: entry.tenant,
    project: entry.project,
    device: entry.device,
    lastSeen: formatTime(entry.lastSeenMicros),
    metrics: entry.metrics,
  };
}

/** A device with everything known about it. */
export function showDeviceDetail(detail: DeviceDetail, nowMicros: number): Model<'DeviceDetail'> {
  const { stored, deduplicated, filtered, deadLettered, discarded, expired } = detail.accounts;
  return {
    time: formatTime(nowMicros),
    ...showDevice(detail),
    metricList: detail.metricList.map(({ metric, type }) => ({ metric, type })),
    accounts: { stored, deduplicated, filtered, deadLettered, discarded, expired },
    timeCorrected: detail.timeCorrected,
    seqResets: detail.seqResets,
    gaps: detail.gaps,
    connected: detail.connected,
  };
}

/** The newest value of a metric. */
export function showLatest(latest: LatestValue): Model<'Latest'>['items'][number] {
  return { metric: latest.metric, time: formatTime(latest.timeMicros), ...showValue(latest.value) };
}

/** The ledger, member by member, so that nothing else of the report gets out. */
export function showLedger(report: LedgerReport): Model<'Ledger'> {
  return {
    totals: report.totals,
    balanced: report.balanced,
    projects: report.projects,
    imbalances: report.imbalances,
    journalPending: report.journalPending,
    notes: report.notes ?? [],
  };
}

/** The outcome of an audit. */
export function showAudit(report: AuditReport): Model<'AuditReport'> {
  return report;
}

/** A dead letter of the list. */
export function showDeadLetter(letter: DeadLetterEntry): Model<'DeadLetter'> {
  const { offset, tenant, project, device, topic, client, reason, detail, stage, qos, state, author } =
    letter;
  return {
    offset,
    received: formatTime(letter.receivedMicros),
    tenant,
    project,
    device,
    topic,
    client,
    reason,
    detail,
    stage,
    qos,
    state,
    author,
    changed: letter.changedMicros === 0 ? null : formatTime(letter.changedMicros),
    payloadBytes: letter.payloadBytes,
  };
}

/** The bytes of a dead letter in the three ways people read them. */
export function showPayload(payload: Uint8Array): Model<'DeadLetterDetail'>['payload'] {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return {
    base64: bytes.toString('base64'),
    text: textOf(payload),
    hex: bytes.subarray(0, LIMITS.hexBytesMax.value).toString('hex'),
    hexTruncated: bytes.length > LIMITS.hexBytesMax.value,
  };
}

function textOf(payload: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return null; // the answer to "is it UTF-8?"
  }
}

/** Live points as the event `points` carries them. */
export function showLive(devices: readonly LiveDevice[]): Model<'StreamPoints'> {
  return {
    devices: devices.map(({ tenant, project, device, points }) => ({
      tenant,
      project,
      device,
      points: points.map((point) => ({
        metric: point.metric,
        time: formatTime(point.timeMicros),
        ...showValue(point.value),
      })),
    })),
  };
}

/** The overview around one sample. */
export function showOverview(
  figures: OverviewFigures,
  now: Model<'OverviewSample'>,
  process: { readonly startedMicros: number; readonly version: string },
): Model<'Overview'> {
  return {
    time: now.time,
    isPart: false,
    started: formatTime(process.startedMicros),
    version: process.version,
    now,
    recordsReceived: figures.recordsReceived,
    pointsStored: figures.pointsStored,
    backlogAgeMs: figures.backlogAgeMs,
    devices: figures.devices,
    series: figures.series,
    connections: figures.connections,
    deadLettersOpen: figures.deadLettersOpen,
    journalBytes: figures.journalBytes,
    journalBytesMax: figures.journalBytesMax,
    storeBytes: figures.storeBytes,
    diskFreeBytes: figures.diskFreeBytes ?? null,
    ledger: {
      totals: figures.ledger.totals,
      balanced: figures.ledger.balanced,
      imbalances: figures.ledger.imbalances,
    },
  };
}
