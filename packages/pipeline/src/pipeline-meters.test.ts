import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, type MetricSample } from '@skerry/kernel';
import { PipelineMeters } from './pipeline-meters.ts';

function scene(visibleAt: 'decode' | 'commit') {
  const meter = createMeter();
  const meters = new PipelineMeters(meter, visibleAt);
  const samples = (name: string): readonly MetricSample[] =>
    meter.snapshot().find((one) => one.name === name)?.samples ?? [];
  const latency = (stage: string) => {
    const found = samples('iot_processing_latency_seconds').find(({ labels }) => labels.stage === stage);
    return [found?.value, Number(found?.sum?.toFixed(6))];
  };
  return { meters, samples, latency };
}

test('PipelineMeters counts a record as visible when it is decoded, or when its seal is durable', () => {
  for (const visibleAt of ['decode', 'commit'] as const) {
    const { meters, latency } = scene(visibleAt);
    meters.decoded(1_000_000, 0.01, 3);
    meters.sealing();
    meters.decoded(1_500_000, 0.02, 2);
    meters.sealed(3_000_000);
    assert.deepEqual(latency('decode'), [5, 0.07]);
    assert.deepEqual(latency('commit'), [3, 6], 'what came behind the seal is not durable yet');
    assert.deepEqual(latency('end_to_end'), visibleAt === 'decode' ? [5, 0.07] : [3, 6]);
    meters.sealing();
    meters.sealed(4_500_000);
    assert.deepEqual(latency('commit'), [5, 12]);
  }
});

test('PipelineMeters counts dead letters by reason, from 0 on, and each once', () => {
  const { meters, samples } = scene('decode');
  const counts = { records: 2, points: 0, timeCorrected: 0, seqResets: 0, replaysRefused: 0, repeated: 0 };
  const value = (reason: string) =>
    samples('iot_pipeline_dead_letters_total').find(({ labels }) => labels.reason === reason)?.value;
  meters.counted({ ...counts, deadLettered: {} });
  assert.equal(value('undecodable'), 0);
  const deadLettered = { undecodable: 2 };
  meters.counted({ ...counts, deadLettered });
  meters.counted({ ...counts, deadLettered });
  assert.equal(value('undecodable'), 2);
  deadLettered.undecodable = 3;
  meters.counted({ ...counts, deadLettered });
  assert.equal(value('undecodable'), 3);
  assert.equal(value('series-limit'), 0);
});

test('PipelineMeters tells the age of what is visible only while something waits', () => {
  const { meters, samples } = scene('decode');
  const seconds = () => samples('iot_pipeline_backlog_seconds')[0]?.value;
  meters.decoded(1_000_000, 0.01, 1);
  meters.backlog(0, 9_000_000);
  assert.equal(seconds(), 0);
  meters.backlog(4, 9_000_000);
  assert.equal(seconds(), 8);
  assert.equal(samples('iot_pipeline_backlog_records')[0]?.value, 4);
});
