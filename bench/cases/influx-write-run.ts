// One side of the case `influx-write` in a process of its own: `influx-write-run.ts SIDE SECS`. Starts an InfluxDB of its
// own, prints its figures as JSON.
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { createHead, type HeadView, SinkRun, viewOf } from '@skerry/series';
import { openInfluxSink } from '@skerry/series/influx';
import { openPostgresPool, openPostgresStore, openSinkBook } from '@skerry/series/postgres';
import { startInfluxdb, startPostgres } from '@skerry/testkit/engines';

const [side = 'skerry', secs = '5'] = process.argv.slice(2);
const isZipped = !side.endsWith('-plain');
const POINTS = 20_000;
const LINES = 5_000;
/** Seals that may be on their way, on either side: so many wait in memory for the sink of a writer. */
const AHEAD = 2;
const DEVICES = 1_000;
const JOURNAL = '00112233445566778899aabbccddeeff';
const START_MICROS = Math.floor(Date.now() / 1_000) * 1_000_000 - 3_600_000_000;
const TICKS = 100;
const zip = promisify(gzip);

const series = Array.from({ length: DEVICES * 2 }, (_, id) => ({
  id,
  tenant: 't1',
  project: `p${(id % 4) >> 1}`,
  device: `device-${id >> 1}`,
  metric: id % 2 === 0 ? 'temperature' : 'humidity',
}));

/** Writes a seal; up to `ahead` seals may be on their way when it resolves. */
type Write = (number: number, view: HeadView, ahead: number) => Promise<void>;

await using influx = await startInfluxdb();
await fetch(
  `${influx.url}/query?q=${encodeURIComponent('CREATE DATABASE iot WITH DURATION 72h REPLICATION 1')}`,
  {
    method: 'POST',
  },
);
await using stack = new AsyncDisposableStack();
const write = side.startsWith('skerry') ? await sinkWriter() : bareWriter();

await measure();

async function sinkWriter(): Promise<Write> {
  const clock = nodeClock();
  const needs = { clock, random: nodeRandom(), logger: silentLogger, meter: createMeter() };
  const server = stack.use(await startPostgres());
  const pool = stack.use(openPostgresPool({ url: server.url() }, needs));
  const source = { journalId: JOURNAL, label: 'bench/0' };
  const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
  stack.use(
    await openPostgresStore({ pool, source, owner: 'bench' }, { ...needs, failpoint: noFailpoints, breathe }),
  );
  const sink = stack.use(
    openInfluxSink(
      {
        name: 'influx',
        url: influx.url,
        version: 1,
        database: 'iot',
        measurement: '',
        gzip: isZipped,
        retentionHours: 72,
      },
      needs,
    ),
  );
  const book = await openSinkBook({ pool, sink: 'influx', journalId: JOURNAL });
  let keptSeal = 0;
  let isKept: () => void = () => undefined;
  const told = {
    ...book,
    advance: async (step: Parameters<typeof book.advance>[0]) => {
      await book.advance(step);
      keptSeal = step.seal;
      isKept();
    },
  };
  const run = stack.use(new SinkRun({ sink, book: told, committed: 0 }, needs));
  return async (number, view, ahead) => {
    run.offer(number, { view, nameOf: (id) => series[id] });
    while (keptSeal < number - ahead)
      await new Promise<void>((resolve) => {
        isKept = resolve;
      });
  };
}

function bareWriter(): Write {
  const names = series.map(
    ({ tenant, project, device, metric }) =>
      `${metric},device=${device},project=${project},tenant=${tenant} value=`,
  );
  const bodyOf = async (text: string) =>
    isZipped ? new Uint8Array(await zip(text, { level: constants.Z_BEST_SPEED })) : text;
  let last = Promise.resolve();
  const written = new Map<number, Promise<void>>();
  return async (number, { columns, rows }, ahead) => {
    for (let from = 0; from < rows; from += LINES) {
      let text = '';
      for (let row = from; row < Math.min(rows, from + LINES); row++)
        text += `${names[Number(columns.series[row])]}${columns.value[row]} ${columns.time[row]}000\n`;
      // compressed while those before it are on their way
      const body = bodyOf(text);
      last = last.then(async () => await post(await body));
    }
    written.set(number, last);
    await written.get(number - ahead);
    written.delete(number - ahead);
  };
}

async function post(body: Uint8Array<ArrayBuffer> | string): Promise<void> {
  const answer = await fetch(`${influx.url}/write?db=iot&precision=ns`, {
    method: 'POST',
    body,
    headers: isZipped ? { 'content-encoding': 'gzip' } : {},
  });
  await answer.arrayBuffer();
  if (answer.status !== 204) throw new TypeError(`InfluxDB answered ${answer.status}.`);
}

async function measure(): Promise<void> {
  let number = 1;
  for (; number <= 5; number++) await write(number, fill(number), 0);
  const before = { ms: performance.now(), cpu: process.cpuUsage(), server: serverTicks() };
  const first = number;
  while (performance.now() - before.ms < Number(secs) * 1_000) await write(number, fill(number++), AHEAD);
  // what is still on its way belongs to the time too
  await write(number, fill(number++), 0);
  const wallSecs = (performance.now() - before.ms) / 1_000;
  const cpu = process.cpuUsage(before.cpu);
  const rows = (number - first) * POINTS;
  console.log(
    JSON.stringify({
      perSec: rows / wallSecs,
      cpuSecsPerMillion: cpu.user / rows + cpu.system / rows,
      serverCpuSecsPerMillion: ((serverTicks() - before.server) / TICKS / rows) * 1e6,
    }),
  );
}

/** A head of points in order of records: each record has a temperature and a humidity. */
function fill(number: number): HeadView {
  const head = createHead(POINTS, 0);
  for (let row = 0; row < POINTS; row++) {
    const record = row >> 1;
    head.append(
      (record % DEVICES) * 2 + (row & 1),
      START_MICROS + number * 100_000 + record,
      20 + ((number * 31 + row) % 1_000) / 100,
      number * POINTS + record,
      row & 1,
    );
  }
  return viewOf(head, number);
}

/** Ticks of all processes of InfluxDB. */
function serverTicks(): number {
  return influx.pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return sum + Number(fields[11]) + Number(fields[12]);
  }, 0);
}
