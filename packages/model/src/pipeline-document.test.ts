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

test('a layout of binary payloads is read with its defaults, and every fault of it is told', () => {
  const stages = [{ name: 'f', type: 'Filter', keep: 'true' }];
  const decode = (layout: unknown, contentType = 'application/octet-stream') =>
    parseStagesDocument({ ...head, spec: { decode: { contentType, layout }, stages } });
  const { document } = decode({ fields: [{ name: 'a', at: 2, type: 'u16', bits: { from: 3 } }] });
  assert.ok(document?.kind === 'Pipeline');
  assert.deepEqual(document.spec.decode.layout, {
    length: 4,
    allowLonger: false,
    endian: 'big',
    fields: [{ name: 'a', at: 2, type: 'u16', bits: { from: 3, count: 1 } }],
  });
  assert.deepEqual(parseStagesDocument(structuredClone(document)).document, document);
  for (const [found, words] of [
    [decode(undefined), /layout: found nothing beside application\/octet-stream/],
    [decode({ fields: [] }, 'application/cbor'), /layout: found a layout beside application\/cbor/],
    [decode({ fields: [] }), /fields: found \[\], wanted a list of 1 to 512 fields/],
    [decode({ fields: [{ at: 0, type: 'u8' }] }), /fields\[0\]\.name: found nothing/],
    [decode({ fields: [{ name: 'a', at: -1, type: 'u8' }] }), /at: found -1, wanted an integer from 0/],
    [decode({ fields: [{ name: 'a', at: 0 }] }), /type: found nothing, wanted one of u8/],
    [decode({ fields: [{ name: 'a', at: 0, type: 'u9' }] }), /type: found "u9"/],
    [
      decode({ fields: [{ name: 'a', at: 0, type: 'text' }] }),
      /length: found nothing, wanted an integer from 1/,
    ],
    [decode({ fields: [{ name: 'a', at: 0, type: 'u8', length: 2 }] }), /length: found a length beside u8/],
    [decode({ fields: [{ name: 'a', at: 0, type: 'i8', bits: { from: 0 } }] }), /bits: found bits of i8/],
    [
      decode({ fields: [{ name: 'a', at: 0, type: 'u8', bits: { from: 6, count: 3 } }] }),
      /bits up to 8, wanted at most 7/,
    ],
    [decode({ fields: [{ name: 'a', at: 0, type: 'u8', scale: 0 }] }), /scale: found 0/],
    [decode({ fields: [{ name: 'a', at: 0, type: 'text', length: 1, add: 1 }] }), /scale or add beside text/],
    [
      decode({ fields: [{ name: 'a', at: 0, type: 'text', length: 1, role: 'seq' }] }),
      /role: found seq beside text/,
    ],
    [decode({ length: 1, fields: [{ name: 'a', at: 1, type: 'u8' }] }), /length: found 1, wanted 2 at least/],
    [
      decode({
        fields: [
          { name: 'a', at: 0, type: 'u8' },
          { name: 'a', at: 1, type: 'u8' },
        ],
      }),
      /fields\[1\]\.name: found "a" a second time/,
    ],
  ] as const)
    assert.ok(
      found.faults.some(({ path, detail }) => words.test(`${path}: ${detail}`)),
      `${words} is not among ${JSON.stringify(found.faults)}`,
    );
});
