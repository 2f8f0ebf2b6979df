// Traces of one machine: the own broker, HTTP, the own journal and SQLite; and a collector that is away.
import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ServerProcess } from '@skerry/testkit';
import { freePorts, runTool } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { Collector } from './collector.ts';

const TOPIC = 'iot/t1/p1/d1/telemetry';

async function publish(
  server: ServerProcess,
  payload: string,
  properties: readonly string[] = [],
): Promise<void> {
  const where = ['-h', '127.0.0.1', '-p', String(server.mqttPort), '-V', '5', '-q', '1', '-t', TOPIC];
  await runTool('mosquitto_pub', [...where, '-m', payload, ...properties]);
}

async function metric(server: ServerProcess, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}/metrics`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

test('skerry up follows what comes over MQTT and HTTP from the receipt to the transaction, and begins traces itself', async () => {
  await using collector = await Collector.open();
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-tracing-test-'));
  // names that deployments have anyway
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_SERVICE_NAME: 'plant',
    OTEL_TRACES_SAMPLER_ARG: '1',
    OTEL_RESOURCE_ATTRIBUTES: 'site=north%20pier',
  };
  await using server = await ServerProcess.start({ dataDir: folder.path, env });
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const property = ['-D', 'publish', 'user-property', 'traceparent', `00-${traceId}-00f067aa0ba902b7-01`];
  await publish(server, '{"speed":1}', property);
  await publish(server, '{"speed":2}');
  const url = `http://127.0.0.1:${server.httpPort}/api/v1/telemetry/t1/p1/d1`;
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: '{"speed":3}' });
  assert.equal(response.status < 300, true, await response.text());
  const ends = await until('three records are sealed', () => {
    const found = collector.spans.filter(
      ({ name, parentSpanId }) => name === 'INSERT chunks' && parentSpanId !== '',
    );
    return found.length === 3 && found;
  });
  const brought = collector.trace(traceId);
  const byName = new Map(brought.map((one) => [one.name, one]));
  assert.deepEqual([...byName.keys()].sort(), [
    'INSERT chunks',
    'append',
    'decode',
    'process',
    'receive iot/{tenantId}/{projectId}/{deviceId}/telemetry',
  ]);
  const receive = byName.get('receive iot/{tenantId}/{projectId}/{deviceId}/telemetry');
  assert.equal(receive?.parentSpanId, '00f067aa0ba902b7');
  assert.equal(byName.get('append')?.parentSpanId, receive?.spanId);
  assert.equal(byName.get('process')?.parentSpanId, receive?.spanId);
  assert.equal(
    byName.get('process')?.attributes['skerry.journal.offset'],
    byName.get('append')?.attributes['skerry.journal.offset'],
  );
  assert.equal(byName.get('INSERT chunks')?.parentSpanId, byName.get('process')?.spanId);
  for (const end of ends) {
    const roots = collector.trace(end.traceId).filter(({ name }) => name.startsWith('receive'));
    assert.equal(roots.length, 1);
    if (end.traceId !== traceId) assert.equal(roots[0]?.parentSpanId, '');
  }
  assert.ok(collector.spans.every(({ service }) => service === 'plant'));
  assert.deepEqual(collector.faults, []);
});

test('a collector that is away costs spans, which are counted, and nothing else', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-tracing-test-'));
  const [port] = await freePorts(1);
  const env = { SKERRY_TRACING_OTLP_URL: `http://127.0.0.1:${port}`, SKERRY_TRACING_SAMPLE_RATIO: '1' };
  await using server = await ServerProcess.start({ dataDir: folder.path, env });
  const lines = join(folder.path, 'lines');
  writeFileSync(lines, Array.from({ length: 3_000 }, (_, i) => `{"speed":${i}}\n`).join(''));
  const where = `-h 127.0.0.1 -p ${server.mqttPort} -V 5 -q 1 -t ${TOPIC}`;
  await runTool('sh', ['-c', `mosquitto_pub ${where} -l < ${lines}`]);
  const ledger = await server.quiet();
  assert.equal(ledger.received, 3_000);
  assert.equal(ledger.isBalanced, true);
  await until(
    'spans are counted as dropped',
    async () => (await metric(server, 'iot_tracing_spans_dropped_total')) > 0,
  );
  assert.equal(await metric(server, 'iot_tracing_spans_exported_total'), 0);
  assert.ok((await metric(server, 'iot_tracing_spans_queued')) <= 2 * 2_048);
  assert.equal(server.hasCrashed, false);
});
