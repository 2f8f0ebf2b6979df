import { atMost, type BenchCase, type Figures, SKERRY } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('../series-engines.ts', import.meta.url);

/** What `series-engines.ts` prints of an engine; numbers come as text. */
type Printed = Readonly<Record<string, string | number>>;

async function engine(name: string, series: number, millions: number): Promise<Printed> {
  const [printed] = await runScript(SCRIPT, [name, String(millions), '', String(series)]);
  return printed as Printed; // what series-engines.ts prints
}

/** Bytes on disk for a point at 1 Hz, hours merged, beside rows in SQLite. */
export const BYTES_PER_POINT: BenchCase = {
  name: 'bytes-per-point',
  title: 'Bytes per point at 1 Hz after merging',
  sides: [
    {
      name: SKERRY,
      promise:
        'points, index, positions; rollups stated beside; a seal is durable together with the position',
      run: async ({ secs }): Promise<Figures> => {
        const found = await engine('hours', 150, secs);
        const [points, rollups] = [Number(found.bytesPerPoint), Number(found.rollupBytesPerPoint)];
        return {
          bytesPerPoint: points,
          rollupBytesPerPoint: rollups,
          bytesWithRollups: points + rollups,
          cpuSecsPerMillion: Number(found.sealCpuPerMillion) + Number(found.rollupAndMergeCpuPerMillion),
        };
      },
    },
    {
      name: 'rows',
      promise: 'rows in SQLite with an index by (series, time), WAL, synchronous=FULL, 10,000 a transaction',
      run: async ({ secs }): Promise<Figures> => {
        const found = await engine('rows', 2_000, secs);
        return {
          bytesPerPoint: Number(found.bytesPerPoint),
          cpuSecsPerMillion: Number(found.cpuPerMillion),
        };
      },
    },
  ],
  targets: [atMost('bytesWithRollups', 12, 'bytes')],
  short: { rounds: 1, secs: 1 },
  full: { rounds: 3, secs: 5 },
  notes: [
    '`secs` stands for millions of points here (twice as many for whole hours): random walks as doubles of full precision with a jitter of 3 ms, the hard case. DuckDB was measured once, in docs/decisions/0002-series-store.md: 19.1 bytes.',
  ],
};
