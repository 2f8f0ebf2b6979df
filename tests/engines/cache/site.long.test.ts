// Newest values out of a real Redis in front of a real site, while values move and Redis is emptied, killed and frozen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { program } from '@skerry/testkit';
import { type Engine, runTool, startRedis } from '@skerry/testkit/engines';
import { PROJECT, Site, TENANT } from '../cloud/site.ts';

const DEVICES = Array.from({ length: 8 }, (_, i) => `press-${i}`);
const PASSWORD = 'a secret of Redis';
/** What an answer may lack: `cacheAgeMs`. */
const PROMISED_MS = 1_000;

let redis: Engine;
let site: Site;

before(async () => {
  redis = await startRedis({ password: PASSWORD });
  const url = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
  site = await Site.start({
    ...{ gateways: 1, writers: 1, partitions: 2 },
    config: { redis: { url }, writer: { sessionMs: 6_000 } },
  });
});

after(async () => {
  await site?.[Symbol.asyncDispose]();
  await redis?.[Symbol.asyncDispose]();
});

function tool(...words: string[]): Promise<string> {
  const env = { REDISCLI_AUTH: PASSWORD };
  return runTool('redis-cli', ['-p', String(redis.port), ...words], { env });
}

/** The newest value of a device as the cloud tells it; undefined before it was seen. */
async function told(device: string): Promise<number | undefined> {
  const path = `/api/v1/devices/${TENANT}/${PROJECT}/${device}/latest`;
  const { items } = (await site.ask(path)) as {
    readonly items: readonly { readonly metric: string; readonly value: unknown }[];
  }; // as the API describes it
  const value = items.find(({ metric }) => metric === 'stroke')?.value;
  return value === undefined ? undefined : Number(value);
}

/** The newest value of each device that is committed. */
async function committed(): Promise<ReadonlyMap<string, number>> {
  const rows = await site.sql(
    `SELECT device, max(value) FROM skerry.telemetry WHERE metric = 'stroke' GROUP BY device`,
  );
  return new Map(
    rows
      .split('\n')
      .filter((row) => row !== '')
      .map((row) => row.split('|'))
      .map(([device = '', value]) => [device, Number(value)]),
  );
}

async function reads(outcome: string): Promise<number> {
  const text = await (await fetch(`${site.stack.cloud.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`iot_cache_reads_total{outcome="${outcome}"}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

let stroke = 0;

/** Sends higher values of every device, a round at a time, until it is told to stop. */
async function move(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    stroke++;
    await site.publish(DEVICES.map((device) => [device, `{"stroke":${stroke}}`] as const));
    await pause(30);
  }
}

/** Asks for every device, so many times over; no answer lacks what was committed a second before. */
async function watch(rounds: number): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    const floors = await committed();
    await pause(PROMISED_MS / 4);
    const mid = await Promise.all(DEVICES.map((device) => told(device)));
    await pause(PROMISED_MS - PROMISED_MS / 4);
    const found = await Promise.all(DEVICES.map((device) => told(device)));
    for (const [i, device] of DEVICES.entries()) {
      const floor = floors.get(device) ?? 0;
      assert.ok(
        Number(found[i]) >= floor,
        `${device}: told ${found[i]}, committed ${floor}; before ${mid[i]}`,
      );
    }
  }
}

/** Everything rests, and the cloud tells what is committed, out of the cache. */
async function settled(): Promise<void> {
  await site.until('every value is committed', async () => {
    const values = await committed();
    return DEVICES.every((device) => values.get(device) === stroke);
  });
  const before = await reads('hit');
  await site.until('the cache answers again', async () => {
    await Promise.all(DEVICES.map((device) => told(device)));
    return (await reads('hit')) > before;
  });
  for (const device of DEVICES) assert.equal(await told(device), stroke, device);
}

test('no answer lacks what was committed a second before, while Redis is emptied, killed, empty again and frozen', async () => {
  stroke++;
  await site.publish(DEVICES.map((device) => [device, `{"stroke":${stroke}}`] as const));
  await settled();
  const over = new AbortController();
  const moving = move(over.signal);
  try {
    await watch(1);
    await tool('FLUSHALL');
    await watch(1);
    await redis.kill();
    await watch(1);
    await redis.restart();
    await watch(1);
    await redis.freeze();
    await watch(1);
    redis.thaw();
    site.stack.writers[0]?.killWorker();
    await watch(2);
  } finally {
    over.abort();
    await moving;
  }
  await settled();
  assert.ok(Number(await site.stack.cloud.metric('iot_cache_errors_total')) > 0, 'no failure was counted');
});

test('what is asked for again comes out of the cache, and Redis holds nothing for ever', async () => {
  await settled();
  const [hits, misses] = [await reads('hit'), await reads('miss')];
  for (const device of DEVICES) assert.equal(await told(device), stroke);
  assert.equal((await reads('hit')) - hits, DEVICES.length);
  assert.equal(await reads('miss'), misses);
  const script = `local least = 1
for _, key in ipairs(redis.call('KEYS', '*')) do least = math.min(least, redis.call('PTTL', key)) end
return least`;
  assert.equal((await tool('EVAL', script, '0')).trim(), '1');
});

test('skerry doctor says what Redis it is, and that one which refuses writes when it is full is not one for a cache', async () => {
  await tool('CONFIG', 'SET', 'maxmemory', '33554432');
  const { dataDir } = site.stack.cloud;
  const url = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`;
  const main = program();
  const env = { SKERRY_DATA_DIR: dataDir, SKERRY_REDIS_URL: url };
  const doctor = () =>
    runTool(process.execPath, [main, 'doctor', '-o', 'json'], { env }).catch((fault: Error) => fault.message);
  assert.match(await doctor(), /maxmemory 33554432, noeviction/);
  await tool('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  const text = await doctor();
  assert.match(text, /Redis 7[.\d]+ at redis:\/\/127\.0\.0\.1:\d+, maxmemory 33554432, allkeys-lru/);
  assert.doesNotMatch(text, /secret/);
});
