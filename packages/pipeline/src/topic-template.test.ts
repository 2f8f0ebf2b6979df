import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isValidId, isValidMetricName, matchTemplate, parseTemplate } from './topic-template.ts';

const ofCode = (code: number) => `a${String.fromCharCode(code)}b`;

test('isValidId takes 1 to 128 characters without control characters, +, # and /', () => {
  assert.deepEqual(['', 'x', 'x'.repeat(128), 'x'.repeat(129)].map(isValidId), [false, true, true, false]);
  for (let code = 0; code < 0x100; code++) {
    const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
    assert.equal(
      isValidId(ofCode(code)),
      !isControl && !'+#/'.includes(String.fromCharCode(code)),
      `${code}`,
    );
  }
  assert.deepEqual(['.', '..', '...', 'a\ud800', 'ß'].map(isValidId), [false, false, true, false, true]);
});

test('isValidMetricName takes 1 to 256 characters without control characters', () => {
  const names = ['', 'x', 'x'.repeat(256), 'x'.repeat(257)];
  assert.deepEqual(names.map(isValidMetricName), [false, true, true, false]);
  for (let code = 0; code < 0x100; code++)
    assert.equal(
      isValidMetricName(ofCode(code)),
      !(code < 0x20 || (code >= 0x7f && code <= 0x9f)),
      `${code}`,
    );
});

test('matchTemplate wants every level that is not optional, and none beyond', () => {
  const template = parseTemplate('a/{tenantId}/b/{projectId}/{deviceId?}');
  const match = (topic: string) => matchTemplate(template, topic.split('/'));
  const found = { tenant: 't', project: 'p', isDeviceRequired: false, metricPrefix: '' };
  assert.deepEqual(match('a/t/b/p'), { ...found, device: undefined });
  assert.deepEqual(match('a/t/b/p/d'), { ...found, device: 'd' });
  for (const topic of ['a/t/b', 'a/t/c/p', 'a/t/b/p/d/e', 'x/t/b/p', 'a//b/p', 'a/t/b/p/'])
    assert.equal(match(topic), undefined, topic);
});

test('matchTemplate joins the rest to a metric prefix, which may be absent but not empty inside', () => {
  const template = parseTemplate('a/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}');
  const prefixOf = (topic: string) => matchTemplate(template, topic.split('/'))?.metricPrefix;
  assert.equal(prefixOf('a/t/p/d'), '');
  assert.equal(prefixOf('a/t/p/d/x'), 'x');
  assert.equal(prefixOf('a/t/p/d/x/y/z'), 'x.y.z');
  assert.equal(prefixOf('a/t/p/d/x//z'), undefined);
  assert.equal(prefixOf(`a/t/p/d/${'x'.repeat(256)}`)?.length, 256);
  assert.equal(prefixOf(`a/t/p/d/${'x'.repeat(257)}`), undefined);
});

test('parseTemplate owns the whole prefix where levels are optional, and its exact form alone elsewhere', () => {
  const open = parseTemplate('a/b/{tenantId}/{projectId}/{deviceId?}');
  assert.deepEqual([open.prefix, open.ownsPrefix], [['a', 'b'], true]);
  const exact = parseTemplate('a/{tenantId}/{projectId}/{deviceId}/telemetry');
  assert.deepEqual([exact.prefix, exact.ownsPrefix], [['a'], false]);
});
