import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Engine,
  runTool,
  startInfluxdb,
  startRedis,
  startVictoriaMetrics,
} from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

async function ask(engine: Engine, path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${engine.url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  assert.ok(response.ok, `${path} answered ${response.status}: ${text}`);
  return text;
}

const influx = (engine: Engine, query: string): Promise<string> =>
  ask(engine, `/query?db=iot&q=${encodeURIComponent(query)}`, { method: 'POST' });

test('startInfluxdb: points are there after SIGKILL and an end; nothing runs afterwards', async () => {
  let pids: readonly number[];
  {
    await using engine = await startInfluxdb();
    await influx(engine, 'CREATE DATABASE iot WITH DURATION 3d REPLICATION 1');
    const write = (value: number, time: number) =>
      ask(engine, '/write?db=iot&precision=s', { method: 'POST', body: `room,device=d v=${value} ${time}` });
    const now = Math.floor(Date.now() / 1_000);
    await write(1.5, now);
    await engine.kill();
    await engine.restart();
    await write(2.5, now + 1);
    await engine.stop();
    await engine.restart();
    const { results } = JSON.parse(await influx(engine, 'SELECT v FROM room'));
    assert.deepEqual(
      results[0].series[0].values.map((row: unknown[]) => row[1]),
      [1.5, 2.5],
    );
    pids = engine.pids;
  }
  assertGone(pids);
});

test('startInfluxdb: guarded, it asks for a name and a password', async () => {
  await using engine = await startInfluxdb({ isGuarded: true });
  await influx(engine, `CREATE USER alice WITH PASSWORD 'secret' WITH ALL PRIVILEGES`);
  await assert.rejects(influx(engine, 'SHOW DATABASES'), /answered 401/);
  const shown = await ask(engine, '/query?u=alice&p=secret&q=SHOW%20DATABASES');
  assert.match(shown, /"databases"/);
});

test('startVictoriaMetrics: points on disk are there after SIGKILL; nothing runs afterwards', async () => {
  let pids: readonly number[];
  {
    await using engine = await startVictoriaMetrics({ words: ['-search.latencyOffset=0s'] });
    const write = (value: number) =>
      ask(engine, '/write?precision=ms', { method: 'POST', body: `room,device=d v=${value} ${Date.now()}` });
    const exported = () => ask(engine, '/api/v1/export?match[]=room_v');
    await write(1.5);
    await ask(engine, '/snapshot/create');
    await engine.kill();
    await engine.restart();
    await until('the point after SIGKILL', async () => (await exported()).includes('1.5'));
    await write(2.5);
    await engine.stop();
    await engine.restart();
    await until('both points after an end', async () => /1\.5,2\.5/.test(await exported()));
    pids = engine.pids;
  }
  assertGone(pids);
});

test('startRedis: durable, it keeps over SIGKILL what it has answered; nothing runs afterwards', async () => {
  let pids: readonly number[];
  {
    await using engine = await startRedis({ isDurable: true, password: 'secret' });
    const redis = (...words: string[]) =>
      runTool('redis-cli', ['-h', '127.0.0.1', '-p', String(engine.port), ...words], {
        env: { REDISCLI_AUTH: 'secret' },
      });
    assert.equal(await redis('SET', 'a', '1'), 'OK\n');
    await engine.kill();
    await engine.restart();
    assert.equal(await redis('INCR', 'a'), '2\n');
    await engine.freeze();
    await assert.rejects(runTool('timeout', ['1', 'redis-cli', '-p', String(engine.port), 'PING']));
    engine.thaw();
    assert.equal(await redis('GET', 'a'), '2\n');
    assert.match(await runTool('redis-cli', ['-p', String(engine.port), 'GET', 'a']), /NOAUTH/);
    pids = engine.pids;
  }
  assertGone(pids);
});

test('startRedis: not durable, it begins empty again', async () => {
  await using engine = await startRedis();
  const redis = (...words: string[]) => runTool('redis-cli', ['-p', String(engine.port), ...words]);
  assert.equal(await redis('SET', 'a', '1'), 'OK\n');
  await engine.kill();
  await engine.restart();
  assert.equal(await redis('GET', 'a'), '\n');
});
