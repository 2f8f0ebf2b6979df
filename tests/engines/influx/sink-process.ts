import { createMeter } from '@skerry/kernel';
import { nodeClock, stderrLogger } from '@skerry/kernel/node';
import { type SinkBook, SinkRun } from '@skerry/series';
import { openPostgresPool, openSinkBook } from '@skerry/series/postgres';
import { JOURNAL } from '../postgres/scene.ts';
import { aSink, committedSeal, sinkOptions } from './scene.ts';

// A process that brings what the primary has into InfluxDB in small steps: `sink-process.ts <postgres url> <schema>
// <influx url> [before|after]`. With one of the words it kills itself in its third step, before or after InfluxDB's points
// are noted as taken.
const [url = '', schema = '', influxUrl = '', fault] = process.argv.slice(2);
const FAULT_STEP = 3;
const clock = nodeClock();
const logger = stderrLogger({ level: 'warn', format: 'text' });
await using pool = openPostgresPool({ url, schema }, { clock, logger });
const book = await openSinkBook({ pool, sink: 'influx', journalId: JOURNAL, readPoints: 500 });
const committed = await committedSeal(pool);
let steps = 0;
const faulty: SinkBook = {
  get seal() {
    return book.seal;
  },
  readAfter: (seal) => book.readAfter(seal),
  advance: async (step) => {
    const isLast = fault !== undefined && ++steps === FAULT_STEP;
    if (isLast && fault === 'before') process.kill(process.pid, 'SIGKILL');
    await book.advance(step);
    if (isLast) process.kill(process.pid, 'SIGKILL');
  },
};
const run = new SinkRun(
  { sink: aSink(sinkOptions(influxUrl)), book: faulty, committed },
  { clock, logger, meter: createMeter() },
);
await run.ended;
