import { findProgram } from '@skerry/testkit/engines';
import { type BenchCase, type Figures, type Side, SKERRY, timesPeer } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./influx-write-run.ts', import.meta.url);

function side(name: string, promise: string): Side {
  return {
    name,
    promise,
    whyMissing: () => (findProgram('influxd') === undefined ? 'InfluxDB is not installed' : undefined),
    run: async ({ secs }) => {
      const [figures] = await runScript(SCRIPT, [name, String(secs)]);
      return figures as Figures; // what influx-write-run.ts prints
    },
  };
}

const SINK =
  'in order; the position of the sink is committed in PostgreSQL after what was written in one go, two seals at most';
const BARE = 'answered with 204: the same points, nothing is remembered';

/** A sink into InfluxDB 1.x beside a bare client of line protocol. */
export const INFLUX_WRITE: BenchCase = {
  name: 'influx-write',
  title: 'Sink into InfluxDB: seals of 20,000 points of 1,000 devices, 5,000 lines a request',
  sides: [
    side(SKERRY, `${SINK}; gzip`),
    side('bare', `${BARE}; gzip`),
    side('skerry-plain', `${SINK}; not compressed`),
    side('bare-plain', `${BARE}; not compressed`),
  ],
  targets: [timesPeer('perSec', 0.9, 'bare')],
  short: { rounds: 3, secs: 5 },
  full: { rounds: 5, secs: 15 },
  notes: [
    'Each side in a process of its own beside an InfluxDB 1.x of its own; one request after the other, and the lines of up to two further seals are made and compressed meanwhile, on either side. perSec is all rows by the whole time, the making of the points included, which both sides do alike. cpuSecsPerMillion is the CPU of the client, serverCpuSecsPerMillion that of InfluxDB.',
  ],
};
