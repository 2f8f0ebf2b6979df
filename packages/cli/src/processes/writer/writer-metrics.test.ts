import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter, type MetricFamily } from '@skerry/kernel';
import { LIMITS } from '../../limits.ts';
import { ofPartitions, stageReport } from './writer-metrics.ts';

/** The gauges of a partition. */
function aPartition(gauges: Readonly<Record<string, number>>): MetricFamily[] {
  const meter = createMeter();
  for (const [name, value] of Object.entries(gauges)) meter.gauge(name, 'Some.').set(value);
  return meter.snapshot();
}

function valuesOf(families: readonly MetricFamily[]): Record<string, number[]> {
  return Object.fromEntries(families.map(({ name, samples }) => [name, samples.map(({ value }) => value)]));
}

test('ofPartitions adds gauges up, tells documents once, and leaves out what the cloud tells', () => {
  const one = aPartition({ iot_pipeline_documents: 2, iot_pipeline_head_points: 5, iot_store_bytes: 9 });
  const other = aPartition({ iot_pipeline_documents: 3, iot_pipeline_head_points: 6, iot_device_count: 9 });
  assert.deepEqual(valuesOf(ofPartitions([one, other, aPartition({})])), {
    iot_pipeline_documents: [3],
    iot_pipeline_head_points: [11],
  });
  assert.deepEqual(ofPartitions([]), []);
});

test('stageReport has the stages alone, those beyond the limit counted together in every metric', () => {
  const meter = createMeter();
  meter.counter('iot_pipeline_points_total', 'Points.').add(1);
  const most = LIMITS.roleStagesMax.value;
  for (let i = 0; i < most + 2; i++) {
    const labels = { tenant: 't', project: 'p', pipeline: 'many', stage: `s${i}` };
    meter.counter('iot_pipeline_stage_in_total', 'In.', labels).add(10);
    if (i >= most - 1) meter.gauge('iot_pipeline_stage_groups', 'Groups.', labels).set(3);
  }
  const [came, groups, ...more] = stageReport(meter.snapshot());
  assert.deepEqual(more, []);
  assert.equal(came?.samples.length, most + 1);
  const others = { tenant: '', project: '', pipeline: '(others)', stage: '(others)' };
  assert.deepEqual(came?.samples.at(-1), { labels: others, value: 20 });
  assert.deepEqual(
    groups?.samples.map(({ labels, value }) => [labels.stage, value]),
    [
      [`s${most - 1}`, 3],
      ['(others)', 6],
    ],
  );
});
