import { setTimeout as pause } from 'node:timers/promises';
import { Generator, LatencyHistogram } from '@skerry/testkit';
import mqtt from 'mqtt';
import { atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { readEvents } from '../frame/event-stream.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { type Skerry, startSkerry } from '../frame/skerry.ts';

const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 10_000 };
const PROBES_PER_SEC = 100;
const TOPIC = 'mtic/msg/client/realtime/load/probes/probe';

/** Time from a publication until a page that watches the device has it, while 10,000 messages a second come in. */
export const VISIBLE_SSE: BenchCase = {
  name: 'visible-sse',
  title: 'PUBLISH -> visible over SSE at 10,000 messages a second',
  sides: [
    {
      name: 'skerry',
      promise: 'nothing is shown that is not durable: an event follows write and fdatasync of its record',
      run: skerry,
    },
  ],
  targets: [atMost('p99Ms', 250, 'ms')],
  short: { rounds: 1, secs: 10 },
  full: { rounds: 3, secs: 60 },
  notes: [
    '100 numbered messages a second of one more device, published by mqtt.js, are watched as its page does; the time counts from the call of publish to the arrival of the event in the measuring process.',
    'A second stream in a run of its own watches every point of the project (20,000 a second beside the probes): `allP99Ms`, `allPointsPerSec`; `gaps` are events that say points were left out.',
  ],
};

async function skerry(run: Run): Promise<Figures> {
  await using broker = await startSkerry(run.folder);
  await using generator = new Generator(generatorOptions(broker.port, LOAD));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  const url = `http://127.0.0.1:${broker.server.httpPort}/api/v1/stream?subscribe=points:load`;
  await watch(broker, `${url}/probes/probe`, 2);
  const one = await watch(broker, `${url}/probes/probe`, run.secs);
  const all = await watch(broker, url, run.secs);
  const { ackedInAll, secs } = await generator.result();
  await generator.set({ isPaused: true });
  return {
    loadPerSec: ackedInAll / secs,
    p50Ms: one.latencies.percentile(0.5),
    p99Ms: one.latencies.percentile(0.99),
    maxMs: one.latencies.maxMs,
    unseen: one.unseen + all.unseen,
    allP99Ms: all.latencies.percentile(0.99),
    allPointsPerSec: all.points / run.secs,
    gaps: one.gaps + all.gaps,
  };
}

/** Publishes probes for some seconds and watches them arrive. */
async function watch({ port, server: { token } }: Skerry, url: string, secs: number) {
  const [latencies, stop] = [new LatencyHistogram(), new AbortController()];
  const sentMs = new Map<number, number>();
  const counts = { points: 0, gaps: 0, unseen: 0 };
  const opened = Promise.withResolvers<void>();
  const seen = (number: number, now: number): void => {
    const sent = sentMs.get(number);
    if (sent === undefined) return;
    sentMs.delete(number);
    latencies.add(now - sent);
  };
  const reading = (async () => {
    for await (const { type, text } of readEvents(url, token, stop.signal)) {
      opened.resolve();
      if (type === 'gap') counts.gaps++;
      if (type !== 'points') continue;
      const now = performance.now();
      const { devices }: Points = JSON.parse(text);
      for (const { device, points } of devices) {
        counts.points += points.length;
        if (device === 'probe') for (const { value } of points) seen(value, now);
      }
    }
  })();
  await Promise.race([opened.promise, reading]);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  const first = Math.floor(performance.now() * 1_000);
  for (let i = 0; i < secs * PROBES_PER_SEC; i++) {
    sentMs.set(first + i, performance.now());
    client.publish(TOPIC, `{"n":${first + i}}`, { qos: 1 });
    await pause(1_000 / PROBES_PER_SEC);
  }
  const deadline = performance.now() + 5_000;
  while (sentMs.size > 0 && performance.now() < deadline) await pause(10);
  stop.abort();
  await reading.catch((cause: unknown) => {
    if (!stop.signal.aborted) throw cause;
  });
  await client.endAsync();
  return { latencies, ...counts, unseen: sentMs.size };
}

interface Points {
  readonly devices: readonly {
    readonly device: string;
    readonly points: readonly { readonly value: number }[];
  }[];
}
