import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStagesDocument } from './pipeline-document.ts';

const head = { apiVersion: 'skerry.dev/v1alpha1', kind: 'Pipeline', metadata: { name: 'hot' } };

test('a document that is read again is the same, with its defaults', () => {
  const { document } = parseStagesDocument({
    ...head,
    spec: {
      match: { tenant: 't', topics: ['iot/+/x/#'] },
      stages: [
        { name: 'f', type: 'Filter', keep: 'true' },
        { name: 'm', type: 'Aggregate', window: { size: '1m' }, functions: ['mean'] },
        { name: 'e', type: 'Enrich', table: 'sites' },
        { name: 't', type: 'Transform', drop: ['a*'] },
      ],
    },
  });
  assert.ok(document?.kind === 'Pipeline');
  assert.deepEqual(document.spec.stages[1], {
    name: 'm',
    type: 'Aggregate',
    window: { size: '1m' },
    groupBy: 'device',
    metrics: [],
    functions: ['mean'],
    lateness: '0s',
    late: 'drop',
    keepInput: false,
    output: { device: '{group}', metric: '{metric}.{function}', time: 'start' },
  });
  assert.deepEqual(parseStagesDocument(structuredClone(document)).document, document);
});

test('every fault is told at once, with its path and the nearest known word', () => {
  const { document, faults } = parseStagesDocument({
    apiVersion: 'v1',
    kind: 'Pipeline',
    metadata: { name: 'Not Good', nam: 1 },
    spec: {
      match: { project: 'p', topics: ['a/#/b', 7] },
      decode: { contentType: 'application/senml+jso' },
      stages: [
        { name: 'a', type: 'Filtr', keep: 'true' },
        { name: 'b', type: 'Filter', keap: 'true' },
        { name: 'b', type: 'Aggregate', window: { size: 'soon' }, functions: ['avrage'], late: 'never' },
        { name: 'c', type: 'Enrich' },
        'stage',
      ],
      steges: [],
    },
  });
  assert.equal(document, undefined);
  const told = faults.map(({ path, detail }) => `${path}: ${detail}`);
  for (const words of [
    /^apiVersion: found "v1", wanted skerry\.dev\/v1alpha1/,
    /^metadata\.nam: .*perhaps name/,
    /^metadata\.name: found "Not Good", wanted a name/,
    /^spec\.steges: .*perhaps stages/,
    /^spec\.match\.tenant: found nothing beside a project/,
    /^spec\.match\.topics\[0\]: found "a\/#\/b", wanted an MQTT topic filter/,
    /^spec\.match\.topics\[1\]: found 7/,
    /^spec\.decode\.contentType: .*perhaps application\/senml\+json/,
    /^spec\.stages\[0\]\.type: .*perhaps Filter/,
    /^spec\.stages\[1\]\.keap: .*perhaps keep/,
    /^spec\.stages\[1\]\.keep: found nothing, wanted a CEL expression/,
    /^spec\.stages\[2\]\.window\.size: found "soon", wanted a duration/,
    /^spec\.stages\[2\]\.functions\[0\]: found "avrage"/,
    /^spec\.stages\[2\]\.late: found "never", wanted one of drop, deadLetter/,
    /^spec\.stages\[2\]\.name: found "b" a second time/,
    /^spec\.stages\[3\]\.table: found both or none/,
    /^spec\.stages\[4\]: found "stage", wanted a stage/,
  ])
    assert.ok(
      told.some((text) => words.test(text)),
      `${words} is not among\n${told.join('\n')}`,
    );
});

test('anything at all is answered with faults, never with an exception', () => {
  for (const value of [undefined, null, 1, 'x', [], {}, { spec: [] }, { ...head, spec: { stages: {} } }])
    assert.ok(parseStagesDocument(value).faults.length > 0, JSON.stringify(value));
});
