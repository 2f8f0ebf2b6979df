import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PipelineError } from './errors.ts';
import { compileRoutes, DEFAULT_ROUTES } from './routes.ts';
import { SPARKPLUG_ROUTES } from './testing/payload-source.ts';
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

test('compileRoutes dead-letters telemetry of a tenant, project or device that is called . or ..', () => {
  for (const topic of [
    'iot/t/p/../telemetry',
    'iot/t/./d/telemetry',
    'iot/../p/d/telemetry',
    `${BASE}/t/..`,
    `${BASE}/t/p/.`,
    '$skerry/telemetry/t/p/..',
  ])
    assert.equal(route(topic).kind, 'dead-letter', topic);
  assert.equal(route('iot/t/p/../events').kind, 'messaging');
  assert.equal(route('iot/t/p/.../telemetry').device, '...');
  assert.equal(route(`${BASE}/t/p/d/../x`).metricPrefix, '...x');
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

test('parseTemplate takes tenant and project as constants, and refuses those that say nothing or too much', () => {
  const { route: ofPlant } = {
    route: compileRoutes({
      templates: ['line/{deviceId}{tenantId=acme}{projectId=plant 1}'],
      unmatched: 'refuse',
    }),
  };
  assert.deepEqual(ofPlant('line/m1'), {
    kind: 'telemetry',
    tenant: 'acme',
    project: 'plant 1',
    device: 'm1',
    isDeviceRequired: true,
    metricPrefix: '',
  });
  assert.equal(ofPlant('line/m1/x').kind, 'refuse');
  const only = compileRoutes({ templates: ['all/data{tenantId=a}{projectId=b}'], unmatched: 'refuse' });
  assert.deepEqual(
    [only('all/data').tenant, only('all/data').project, only('all').kind, only('all/data/x').kind],
    ['a', 'b', 'refuse', 'refuse'],
  );
  for (const [text, words] of [
    ['a/{deviceId}{tenantId=t}', /projectId} is missing/],
    ['a/{tenantId}/{projectId}{tenantId=t}', /is a level and fixed too/],
    ['a/{deviceId}{tenantId=t}{tenantId=u}{projectId=p}', /is fixed twice/],
    ['a/{deviceId}{tenantId=}{projectId=p}', /cannot be an id/],
    ['a/{deviceId}{tenantId=a+b}{projectId=p}', /cannot be an id/],
    ['a/{deviceId=x}{tenantId=t}{projectId=p}', /neither literal nor a variable/],
    ['spBv1.0/{groupId}/{messageType}/{edgeNodeId}{tenantId=t}{projectId=p}', /one of Sparkplug is/],
    ['sp/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=t}{projectId=p}', /one of Sparkplug is/],
    ['spBv1.0/{deviceId}/{messageType}/{edgeNodeId}{tenantId=t}{projectId=p}', /one of Sparkplug is/],
  ] as const)
    assert.throws(() => parseTemplate(text), words, text);
});

test('compileRoutes knows the namespace of Sparkplug: devices by node, commands and states as messages', () => {
  const at = compileRoutes(SPARKPLUG_ROUTES);
  const { sparkplug, ...rest } = at('spBv1.0/g:1/DDATA/e%/d');
  assert.deepEqual(rest, {
    kind: 'telemetry',
    tenant: 'acme',
    project: 'plant',
    device: 'g%3A1:e%25:d',
    isDeviceRequired: true,
    metricPrefix: '',
  });
  assert.deepEqual(sparkplug, {
    type: 'DDATA',
    group: 'g:1',
    node: 'e%',
    device: 'd',
    nodeId: 'g%3A1:e%25',
    deviceId: 'g%3A1:e%25:d',
  });
  assert.equal(at('spBv1.0/g/NBIRTH/e').device, 'g:e');
  for (const topic of ['spBv1.0/g/NCMD/e', 'spBv1.0/g/DCMD/e/d', 'spBv1.0/STATE/scada'])
    assert.equal(at(topic).kind, 'messaging', topic);
  for (const topic of [
    'spBv1.0',
    'spBv1.0/g/NDATA',
    'spBv1.0/g/NDATA/e/d',
    'spBv1.0/g/DDATA/e',
    'spBv1.0/g/DDATA/e/',
    'spBv1.0/g/XDATA/e',
    'spBv1.0/g/DDATA/e/d/x',
    `spBv1.0/g/DDATA/${'e'.repeat(120)}/${'d'.repeat(9)}`,
  ])
    assert.equal(at(topic).kind, 'dead-letter', topic);
  const byGroup = 'spBv1.0/{projectId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=acme}';
  const grouped = compileRoutes({ templates: [byGroup], unmatched: 'refuse' })('spBv1.0/plant/DDATA/e/d');
  assert.deepEqual([grouped.tenant, grouped.project, grouped.device], ['acme', 'plant', 'e:d']);
});
