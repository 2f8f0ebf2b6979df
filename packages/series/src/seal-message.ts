import type { SeriesDefinition } from '@skerry/model';
import { AccountColumns, type AccountParts } from './account-columns.ts';
import type { Seal } from './store.ts';

/** New series by device: a device's names cross once, not once for each of its series. */
interface SeriesParts {
  readonly ids: Float64Array<ArrayBuffer>;
  readonly metrics: readonly string[];
  /** By series: index into `metrics`. */
  readonly metricOf: Uint32Array<ArrayBuffer>;
  readonly devices: readonly Omit<SeriesDefinition, 'id' | 'metric'>[];
  /** By series: index into `devices`. */
  readonly deviceOf: Uint32Array<ArrayBuffer>;
}

/** A seal as it crosses a thread: columns where it may have very many rows. */
export interface SealMessage extends Omit<Seal, 'accounts' | 'series'> {
  readonly accounts: AccountParts;
  readonly series: SeriesParts;
}

/** What is posted of a seal: with its own bytes only, since a view is cloned with all of the memory behind it. */
export function packSeal(seal: Seal): SealMessage {
  const { owners, ownerOf, devices, counts } = AccountColumns.of(seal.accounts);
  return {
    ...seal,
    accounts: { owners, ownerOf, devices, counts },
    series: packSeries(seal.series),
    dedupe: seal.dedupe.map((one) => ({ ...one, bytes: one.bytes.slice() })),
    deadLetters: seal.deadLetters.map((one) => ({ ...one, payload: one.payload.slice() })),
  };
}

/** The seal that was posted. */
export function unpackSeal(message: SealMessage): Seal {
  return {
    ...message,
    accounts: new AccountColumns(message.accounts),
    series: unpackSeries(message.series),
  };
}

function packSeries(all: readonly SeriesDefinition[]): SeriesParts {
  const metrics = new Map<string, number>();
  const devices: Omit<SeriesDefinition, 'id' | 'metric'>[] = [];
  const ids = new Float64Array(all.length);
  const metricOf = new Uint32Array(all.length);
  const deviceOf = new Uint32Array(all.length);
  for (const [row, { id, tenant, project, device, metric }] of all.entries()) {
    // the series of a device mostly follow each other
    const last = devices.at(-1);
    if (last?.device !== device || last.project !== project || last.tenant !== tenant)
      devices.push({ tenant, project, device });
    const place = metrics.get(metric) ?? metrics.size;
    metrics.set(metric, place);
    ids[row] = id;
    metricOf[row] = place;
    deviceOf[row] = devices.length - 1;
  }
  return { ids, metrics: [...metrics.keys()], metricOf, devices, deviceOf };
}

function unpackSeries({ ids, metrics, metricOf, devices, deviceOf }: SeriesParts): SeriesDefinition[] {
  return Array.from(ids, (id, row) => {
    const { tenant, project, device } = devices[Number(deviceOf[row])] ?? NOBODY;
    return { id, tenant, project, device, metric: metrics[Number(metricOf[row])] ?? '' };
  });
}

const NOBODY = { tenant: '', project: '', device: '' };
