import assert from 'node:assert/strict';
import { test } from 'node:test';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { OPERATIONS } from '../../operations.ts';
import { SCHEMAS } from '../../schemas.ts';
import { openScene } from '../../testing/scene.ts';
import { asyncApiDocument } from './async-document.ts';

const LISTENERS = [
  { name: 'http', host: '127.0.0.1', port: 8080 },
  { name: 'mqtt', host: '::1', port: 1883 },
];
const TEMPLATES = [
  'mtic/rt/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}',
  'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
];

function faultsIn(document: unknown): string[] {
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    allErrors: true,
    meta: false,
    validateSchema: false,
  });
  const validate = ajv.compile(specs.schemas['3.0.0'] as object);
  if (validate(document)) return [];
  return (validate.errors ?? []).map((fault) => `${fault.instancePath} ${fault.message}`);
}

test('asyncApiDocument is valid AsyncAPI 3.0 whose references lead somewhere', () => {
  const document = asyncApiDocument({ listeners: LISTENERS, templates: TEMPLATES });
  assert.deepEqual(faultsIn(document), []);
  assert.ok(faultsIn({ ...document, channels: 7 }).length > 0, 'the schema can refuse');
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) =>
    String(match[1]),
  );
  assert.ok(refs.length > 10);
  for (const ref of refs) {
    let at: unknown = document;
    for (const part of ref.split('/')) at = (at as Record<string, unknown>)?.[part];
    assert.ok(at !== undefined, ref);
  }
});

test('asyncApiDocument has a channel for each way a template can be filled, and every event of the stream', () => {
  const { channels } = asyncApiDocument({ listeners: LISTENERS, templates: TEMPLATES }) as {
    channels: Record<string, { address: string; messages: object; parameters?: object }>;
  };
  assert.deepEqual(
    Object.values(channels).map(({ address }) => address),
    [
      '/api/v1/stream',
      'mtic/rt/{tenantId}/{projectId}',
      'mtic/rt/{tenantId}/{projectId}/{deviceId}',
      'mtic/rt/{tenantId}/{projectId}/{deviceId}/{metricPrefix}',
      'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
    ],
  );
  assert.deepEqual(Object.keys(channels.telemetry4?.parameters ?? {}), ['tenantId', 'projectId', 'deviceId']);
  assert.deepEqual(Object.keys(channels.stream?.messages ?? {}), Object.keys(OPERATIONS.openStream.events));
});

test('the page of the API names every operation and schema, and asks nobody else for anything', async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.api.url}/api`);
  const html = await response.text();
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.doesNotMatch(response.headers.get('content-security-policy') ?? '', /unsafe/);
  const ids = new Set([...html.matchAll(/ id="([\w-]+)"/g)].map((match) => String(match[1])));
  for (const id of Object.keys(OPERATIONS)) assert.ok(ids.has(id), id);
  for (const name of Object.keys(SCHEMAS)) assert.ok(ids.has(`schema-${name}`), name);
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g))
    assert.ok(ids.has(String(target)), String(target));
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]+)"/g))
    assert.match(String(address), /^([#/]|data:,$)/);
  assert.doesNotMatch(html, /<script|<style| style=| on\w+=/);
  assert.equal(html.match(/<pre /g)?.length, Object.keys(OPERATIONS).length, 'an example each');
  assert.ok(html.includes(`${scene.api.url}/api/v1/devices`), 'examples ask this server');
  const style = await fetch(`${scene.api.url}/api/style.css`);
  assert.equal(style.headers.get('content-type'), 'text/css; charset=utf-8');
  assert.match(await style.text(), /light-dark/);
});

test('asyncapi.json is served to anybody, from the configuration in force', async () => {
  await using scene = await openScene();
  const response = await fetch(`${scene.api.url}/asyncapi.json`);
  const document = (await response.json()) as { servers: Record<string, { host: string }> };
  assert.deepEqual(faultsIn(document), []);
  assert.equal(document.servers.mqtt?.host, '127.0.0.1:1883');
});
