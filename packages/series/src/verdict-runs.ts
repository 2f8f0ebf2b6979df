import { ByteReader, ByteWriter, chunkDamaged } from './chunk-bytes.ts';
import type { VerdictRun } from './store.ts';

/** Codes on disk, by place; never change meaning. */
const VERDICTS = [
  'none',
  'stored',
  'empty',
  'deduplicated',
  'filtered',
  'deadLettered',
] as const satisfies readonly VerdictRun['verdict'][];

/** Writes verdict runs as pairs of varints: docs/formats/series.md. */
export function encodeVerdicts(runs: readonly VerdictRun[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const run of runs) {
    writer.varint(VERDICTS.indexOf(run.verdict));
    writer.varint(run.count);
  }
  return writer.copy();
}

/** Reads what `encodeVerdicts` wrote; anything else fails with `chunk-damaged`. */
export function decodeVerdicts(bytes: Uint8Array): VerdictRun[] {
  const reader = new ByteReader(bytes);
  const runs: VerdictRun[] = [];
  while (reader.at < bytes.byteLength) {
    const verdict = VERDICTS[reader.varint()];
    if (!verdict) throw chunkDamaged('it has an unknown verdict');
    runs.push({ verdict, count: reader.varint() });
  }
  return runs;
}
