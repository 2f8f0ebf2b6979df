import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PipelineError } from './errors.ts';
import { compileRoutes, DEFAULT_ROUTES } from './routes.ts';
import { parseTemplate } from './topic-template.ts';

const route = compileRoutes(DEFAULT_ROUTES);
const BASE = 'mtic/msg/client/realtime';

test('compileRoutes takes 19-digit ids as texts', () => {
  assert.deepEqual(route(`${BASE}/1900000000000000001/1900000000000000003`), {
    kind: 'telemetry',
    tenant: '1900000000000000001',
    project: '1900000000000000003',
    isDeviceRequired: false,
    metricPrefix: '',
  });
});

test('compileRoutes takes an optional device and a metric prefix', () => {
  const found = route(`${BASE}/t/p/d/engine/oil`);
  assert.equal(found.device, 'd');
  assert.equal(found.isDeviceRequired, false);
  assert.equal(found.metricPrefix, 'engine.oil');
  assert.equal(route('iot/t/p/d/telemetry').isDeviceRequired, true);
});

test('compileRoutes dead-letters what lies under the whole literal prefix of a template with optional levels', () => {
  for (const topic of [
    `${BASE}/t`,
    BASE,
    `${BASE}/t/`,
    `${BASE}//p`,
    `${BASE}/${'x'.repeat(129)}/p`,
    `${BASE}/t/p/d//x`,
  ])
    assert.equal(route(topic).kind, 'dead-letter', topic);
});

test('compileRoutes leaves all but the exact form of a template without optional levels alone', () => {
  for (const topic of [
    'iot/t/p/d',
    'iot/t/p/d/telemetry/x',
    'iot/t/p/d/events',
    'mtic/msg/client',
    'a',
    '$SYS/x',
    '',
  ])
    assert.equal(route(topic).kind, 'messaging', topic);
});

test('compileRoutes follows the configured fallback', () => {
  assert.equal(compileRoutes({ ...DEFAULT_ROUTES, unmatched: 'refuse' })('a/b').kind, 'refuse');
  assert.equal(compileRoutes({ ...DEFAULT_ROUTES, unmatched: 'deadLetter' })('a/b').kind, 'dead-letter');
});

test('compileRoutes answers alike for more topics than it remembers', () => {
  for (let i = 0; i < 70_000; i++) assert.equal(route(`iot/t/p/d${i}/telemetry`).device, `d${i}`);
  assert.equal(route('iot/t/p/d0/telemetry').device, 'd0');
});

test('compileRoutes survives a topic of 65,535 levels', () => {
  assert.equal(route('/'.repeat(65_535)).kind, 'messaging');
  assert.equal(route(`${BASE}/t/p/d/${'a/'.repeat(30_000)}a`).kind, 'dead-letter');
});

test('parseTemplate refuses templates that cannot be used, and says why', () => {
  for (const text of [
    '',
    'a/{tenantId}',
    '{tenantId}/{projectId}',
    'a/{tenantId?}/{projectId}',
    'a/{tenantId}/{projectId}/{x}',
  ])
    assert.throws(
      () => parseTemplate(text),
      (fault) => fault instanceof PipelineError && fault.code === 'template-invalid',
    );
  for (const text of [
    'a/{tenantId}/{projectId}/{deviceId?}/x',
    'a/+/{tenantId}/{projectId}',
    'a/{tenantId}/{tenantId}/{projectId}',
    'a/{tenantId}/{projectId}/{metricPrefix?…}/{deviceId?}',
  ])
    assert.throws(() => parseTemplate(text), PipelineError);
});

test('compileRoutes always has the template of telemetry over HTTP, and no other topic with $', () => {
  for (const config of [DEFAULT_ROUTES, { templates: [], unmatched: 'refuse' } as const]) {
    const route = compileRoutes(config);
    assert.deepEqual(route('$skerry/telemetry/t/p/d'), {
      kind: 'telemetry',
      tenant: 't',
      project: 'p',
      device: 'd',
      isDeviceRequired: true,
      metricPrefix: '',
    });
    for (const topic of [
      '$skerry/telemetry/t/p',
      '$skerry/telemetry/t/p/d/e',
      '$skerry/telemetry/t//d',
      '$skerry/x',
    ])
      assert.equal(route(topic).kind, 'messaging', topic);
  }
});
