import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { ProcessFigures } from './process-figures.ts';

test('ProcessFigures tells of role, disk and the reasons of the moment, and under earlier names what has one', async () => {
  const meter = createMeter();
  const reasons = [{ code: 'kafka-unreachable' }, { code: 'kafka-unreachable' }];
  using figures = new ProcessFigures(
    { role: 'gateway', reasons: () => reasons, dataDir: tmpdir() },
    { clock: nodeClock(), meter },
  );
  meter.counter('iot_subscriber_received_total', 'Taken.', { source: 'park', qos: '1' }).add(7);
  meter.counter('iot_kafka_uplink_refused_total', 'Refused.', { reason: 'message-too-large' }).add(2);
  const value = async (name: string) => {
    const family = (await figures.families([])).find((one) => one.name === name);
    return family?.samples.map((one) => [one.labels, one.value]);
  };
  assert.deepEqual(await value('iot_ready'), [[{}, 0]]);
  assert.deepEqual(await value('iot_not_ready_reasons'), [[{ code: 'kafka-unreachable' }, 2]]);
  reasons.length = 0;
  assert.deepEqual(await value('iot_ready'), [[{}, 1]]);
  assert.deepEqual(await value('iot_not_ready_reasons'), []);
  const [disk] = (await value('iot_disk_size_bytes')) ?? [];
  assert.ok(Number(disk?.[1]) > 1_000_000, String(disk));
  assert.deepEqual(await value('mqtt_messages_received_total'), [[{ source: 'park', qos: '1' }, 7]]);
  assert.deepEqual(await value('message_processing_errors_total'), [[{ reason: 'message-too-large' }, 2]]);
  assert.equal(await value('kafka_write_latency_seconds'), undefined, 'no writes, no other name for them');
});
