import { createMeter } from '@skerry/kernel';
import { nodeClock, stderrLogger } from '@skerry/kernel/node';
import { SinkRun } from '@skerry/series';
import { openPostgresPool, openSinkBook } from '@skerry/series/postgres';
import { JOURNAL } from '../postgres/scene.ts';
import { aSink, committedSeal, sinkOptions } from './scene.ts';

// A process that brings what the primary has into InfluxDB in small steps: `sink-process.ts <postgres url> <schema> <influx url>`.
const [url = '', schema = '', influxUrl = ''] = process.argv.slice(2);
const clock = nodeClock();
const logger = stderrLogger({ level: 'warn', format: 'text' });
await using pool = openPostgresPool({ url, schema }, { clock, logger });
const book = await openSinkBook({ pool, sink: 'influx', journalId: JOURNAL, readPoints: 500 });
const committed = await committedSeal(pool);
const run = new SinkRun(
  { sink: aSink(sinkOptions(influxUrl)), book, committed },
  { clock, logger, meter: createMeter() },
);
await run.ended;
