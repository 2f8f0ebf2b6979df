import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CliError } from '../errors.ts';
import { checkColumns, readColumnChoice } from './column-choice.ts';

const isUsage = (message: RegExp) => (cause: unknown) =>
  cause instanceof CliError && cause.code === 'usage' && message.test(cause.message);

const name = fc
  .string({ minLength: 1, unit: 'grapheme' })
  .filter((text) => text === text.trim() && !/[,=]/.test(text) && text !== '');

test('readColumnChoice gives back every mapping that was written', () => {
  const mappings = fc
    .uniqueArray(fc.tuple(name, name), { minLength: 1, maxLength: 20, selector: ([column]) => column })
    .filter((pairs) => new Set(pairs.map(([, metric]) => metric)).size === pairs.length);
  fc.assert(
    fc.property(mappings, fc.boolean(), (pairs, isShort) => {
      const text = pairs
        .map(([column, metric]) => (isShort && column === metric ? column : `${column}=${metric}`))
        .join(',');
      const { only, rename } = readColumnChoice(text);
      assert.deepEqual(
        [...(only ?? [])],
        pairs.map(([column]) => column),
      );
      for (const [column, metric] of pairs) {
        assert.equal(Object.hasOwn(rename, column) ? rename[column] : column, metric);
      }
    }),
    { numRuns: 300 },
  );
});

test('readColumnChoice takes every column when nothing is written', () => {
  assert.deepEqual(readColumnChoice(undefined), { only: undefined, rename: {} });
});

test('readColumnChoice refuses what is empty or there twice', () => {
  for (const text of ['', ',', 'a,', '=b', 'a=']) {
    assert.throws(() => readColumnChoice(text), isUsage(/wanted COLUMN or COLUMN=METRIC/), text);
  }
  assert.throws(() => readColumnChoice('a,a=b'), isUsage(/found "a=b", wanted each column once/));
  assert.throws(() => readColumnChoice('a=x,b=x'), isUsage(/found "b=x", wanted each metric once/));
});

test('checkColumns names the column that is missing, the nearest one and all there are', () => {
  const choice = readColumnChoice('temperatur=t');
  assert.throws(
    () => checkColumns(choice, ['time', 'temperature']),
    isUsage(/"temperatur", .*did you mean temperature\? It has time, temperature\./),
  );
  checkColumns(readColumnChoice('time'), ['time', 'temperature']);
  checkColumns(readColumnChoice(undefined), []);
});
