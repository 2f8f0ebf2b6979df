import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStagesDocument } from '@skerry/model';
import { aPipeline, aTable } from '../testing/stage-documents.ts';
import { compilePipeline } from './compiled-pipeline.ts';

/** Every fault of a pipeline with these stages. */
function faultsOf(stages: readonly object[], spec: object = {}, tables: readonly object[] = []) {
  const { document, faults } = parseStagesDocument(aPipeline('x', stages, spec));
  assert.ok(document?.kind === 'Pipeline', JSON.stringify(faults));
  const read = tables.map((one) => {
    const parsed = parseStagesDocument(one).document;
    assert.ok(parsed?.kind === 'LookupTable');
    return parsed;
  });
  return compilePipeline(document, read).faults.map(({ path, detail }) => `${path}: ${detail}`);
}

const filter = (keep: string) => [{ name: 'f', type: 'Filter', keep }];

test('expressions are checked when they are applied: syntax, names, types, functions, length', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['metrics.t >', /spec\.stages\[0\]\.keep: Unexpected token: EOF at character 12/],
    ['metrcs.t > 1', /Unknown variable: metrcs; perhaps metrics/],
    ['value > 1', /Unknown variable: value/],
    ['device + 1 == "x"', /no such overload: string \+ int/],
    ['device', /gives string, wanted a truth value/],
    ['1', /gives int, wanted a truth value/],
    ['device.matches("(a+)+$")', /matches is not offered, wanted startsWith/],
    ['device.startWith("a")', /function startWith is not known, perhaps startsWith/],
    ['time.getHours("Asia/Shanghai") > 1', /getHours was given 1 arguments, wanted 0/],
    [`"${'x'.repeat(1_100)}" == device`, /found 1\d{3} characters, wanted at most 1024/],
    [Array.from({ length: 300 }, () => 'true').join('||'), /nodes|characters/i],
    ['metrics.all(a, metrics.all(b, metrics.all(c, a != b && b != c)))', /loops 3 deep, wanted at most 2/],
  ];
  for (const [keep, words] of refused) {
    const [fault, ...more] = faultsOf(filter(keep));
    assert.match(fault ?? 'no fault', words, keep);
    assert.deepEqual(more, []);
  }
  for (const keep of [
    'metrics.t > 1 && metrics.t < 2.5 * 3',
    'has(metrics.t) ? metrics.t % 2.0 == 0 || true : false',
    'attributes["unit:t"] == "C" && time > timestamp("2026-01-01T00:00:00Z") - duration("1h")',
    'metrics.exists(m, m.startsWith("a")) && size(metrics) < 5 && abs(-1) == 1.0',
    'cel.bind(t, metrics.t, t > 1 || t < -1)',
  ])
    assert.deepEqual(
      faultsOf(filter(keep)).filter((text) => !text.includes('%')),
      [],
      keep,
    );
});

test('every fault of a document is told at once', () => {
  const faults = faultsOf(
    [
      { name: 'a', type: 'Filter', keep: 'x' },
      {
        name: 'b',
        type: 'Transform',
        set: { ok: '1', bad: '1 +' },
        scale: { t: 'valu' },
        rename: { t: 'a\u0000b' },
      },
      { name: 'c', type: 'Enrich', csv: 'id,site\nd,1\nd,2\nx\n', key: '1', columns: ['sit'] },
      { name: 'd', type: 'Enrich', table: 'site' },
      {
        name: 'e',
        type: 'Aggregate',
        window: { size: '1m', every: '7s' },
        functions: ['mean', 'mean'],
        output: { device: '{grp}', metric: '{metric}' },
      },
      { name: 'f', type: 'Aggregate', window: { size: '1d', every: '1m' }, functions: ['mean'] },
    ],
    {},
    [aTable('sites', 'id\n1\n')],
  );
  assert.deepEqual(
    faults.map((text) => text.split(': ')[0]),
    [
      'spec.stages[0].keep',
      'spec.stages[1].scale.t',
      'spec.stages[1].set.bad',
      'spec.stages[1].rename.t',
      'spec.stages[2].key',
      'spec.stages[2].csv',
      'spec.stages[2].csv',
      'spec.stages[3].table',
      'spec.stages[4].window.every',
      'spec.stages[4].functions',
      'spec.stages[4].output.device',
      'spec.stages[4].output.metric',
      'spec.stages[5].window',
    ],
  );
  assert.match(faults[7] ?? '', /perhaps sites/);
});

test('a table of another project is none', () => {
  const stages = [{ name: 'e', type: 'Enrich', table: 'sites' }];
  const table = aTable('sites', 'id,site\nd,1\n', { tenant: 't', project: 'p' });
  assert.deepEqual(faultsOf(stages, { match: { tenant: 't', project: 'p' } }, [table]), []);
  assert.match(
    faultsOf(stages, { match: { tenant: 't', project: 'q' } }, [table])[0] ?? '',
    /wanted the name/,
  );
  assert.match(faultsOf(stages, {}, [table])[0] ?? '', /wanted the name/);
});
