import { findPostgresFolder } from '@skerry/testkit/engines';
import { type BenchCase, type Figures, type Side, SKERRY, timesPeer } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./postgres-write-run.ts', import.meta.url);
const SMALL_POINTS = 1_000;
const LARGE_POINTS = 20_000;

function side(name: string, points: number, promise: string): Side {
  return {
    name: points === LARGE_POINTS ? name : `${name}-small`,
    promise,
    whyMissing: () => (findPostgresFolder() === undefined ? 'PostgreSQL is not installed' : undefined),
    run: async ({ secs }) => {
      const [figures] = await runScript(SCRIPT, [name, String(secs), String(points)]);
      return figures as Figures; // what postgres-write-run.ts prints
    },
  };
}

const SEAL =
  'committed once: points, accounts and dedupe entries of every device, position, fence; rollups included';
const BARE = 'committed: the points alone, into the same table with the same indexes';

/** Seals into PostgreSQL beside a bare COPY of the same points into the same table. */
export const POSTGRES_WRITE: BenchCase = {
  name: 'postgres-write',
  title:
    'Writer into PostgreSQL: seals of 20,000 points of 1,000 devices, and small ones of 1,000 points of 500',
  sides: [
    side(SKERRY, LARGE_POINTS, SEAL),
    side(
      'bare',
      LARGE_POINTS,
      `${BARE}; our encoder and connection, rows series by series as seals have them`,
    ),
    side('pg-copy-streams', LARGE_POINTS, `${BARE}; pg-copy-streams, rows as they come, encoded by us`),
    side('pg-copy-streams-in-order', LARGE_POINTS, `${BARE}; the same, rows series by series`),
    side('text', LARGE_POINTS, `${BARE}; text COPY by pg-copy-streams, rows as they come`),
    side(SKERRY, SMALL_POINTS, SEAL),
    side('bare', SMALL_POINTS, `${BARE}; our encoder and connection, rows series by series`),
  ],
  targets: [
    timesPeer('perSec', 0.9, 'pg-copy-streams'),
    timesPeer('perSec', 0.9, 'pg-copy-streams-in-order'),
  ],
  short: { rounds: 3, secs: 5 },
  full: { rounds: 5, secs: 15 },
  notes: [
    'Each side in a process of its own beside a PostgreSQL of its own with fsync and synchronous_commit on; perSec counts the time inside writes; for seals, background work (folds, rollups) runs beside them as in a writer, and what is left of it at the end counts too.',
    'serverCpuSecsPerMillion is the CPU of all processes of the server. 10 points a series and seal (2 in small seals); the log time advances 100 ms a seal.',
    'A seal sends its rows series by series, which costs the server a third less than rows as they come. It is judged by both: beside a COPY in the same order, what is between them is what accounts, dedupe entries, position, fence, folds and rollups cost; from run to run that is 0.86 to 0.90 of the rate.',
    'The target is that of seals of 20,000 points, as a writer makes them under load. Small seals (1,000 points) are what `writer.sealAfterMs` makes of a thin stream; there most of the time is the transaction.',
  ],
};
