import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestWord } from '@skerry/model';
import { CliError } from '../errors.ts';
import { table } from '../output/rows.ts';
import { findVerb, parseLine, splitLine } from './parse.ts';
import type { Verb } from './verb.ts';

const VERB: Verb = {
  path: ['telemetry', 'query'],
  summary: 'Reads points.',
  positionals: [{ name: 'FILE', what: 'a file', isRequired: true }],
  flags: [
    { name: 'metric', type: 'text', what: 'the metric', isRequired: true },
    { name: 'limit', type: 'number', what: 'rows' },
    { name: 'demo', type: 'switch', what: 'demo' },
    { name: 'output', short: 'o', type: 'text', what: 'shape', choices: ['json', 'yaml'] },
  ],
  examples: [],
  run: async () => 0,
};

const usage = (words: string[], message: RegExp): void =>
  assert.throws(
    () => parseLine(VERB, words),
    (cause) => cause instanceof CliError && cause.code === 'usage' && message.test(cause.message),
  );

test('parseLine takes a negative number for the value of the flag before it', () => {
  assert.equal(parseLine(VERB, ['f.csv', '--metric', 'm', '--limit', '-1']).flags.limit, -1);
});

test('splitLine takes global flags before the verb for those of the verb', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['devices -o json', '', 'devices -o json'],
    ['--context prod devices -o json', '--context prod', 'devices -o json'],
    ['--context=prod -o json dlq list', '--context=prod -o json', 'dlq list'],
    ['--data-dir /x --config f.yaml ledger', '--data-dir /x --config f.yaml', 'ledger'],
    ['--tenant t devices', '', '--tenant t devices'],
    ['--help', '', '--help'],
    ['--context', '', '--context'],
    ['--context prod', '--context prod', ''],
  ];
  for (const [line, leading, words] of cases) {
    const split = splitLine(line.split(' '));
    assert.deepEqual([split.leading.join(' '), split.words.join(' ')], [leading, words]);
  }
});

test('findVerb takes the longest path that fits', () => {
  const short = { ...VERB, path: ['telemetry'] };
  assert.equal(findVerb([short, VERB], ['telemetry', 'query', 'x'])?.verb, VERB);
  assert.deepEqual(findVerb([short, VERB], ['telemetry', 'x'])?.rest, ['x']);
  assert.equal(findVerb([VERB], ['nothing']), undefined);
});

test('parseLine types flags, negates switches and keeps positionals', () => {
  assert.deepEqual(parseLine(VERB, ['f.csv', '--metric', 'm', '--limit', '5', '--no-demo', '-o', 'json']), {
    flags: { metric: 'm', limit: 5, demo: false, output: 'json' },
    positionals: ['f.csv'],
    wantsHelp: false,
  });
});

test('parseLine says what was found and what was wanted', () => {
  usage(['f', '--metrik', 'm'], /unknown flag --metrik; did you mean --metric\?/);
  usage(['f'], /wants --metric/);
  usage(['--metric', 'm'], /wants FILE: a file/);
  usage(['f', 'g', '--metric', 'm'], /found "g", wanted nothing more/);
  usage(['f', '--metric', 'm', '--limit', 'many'], /--limit: found "many", wanted a number/);
  usage(['f', '--metric', 'm', '-o', 'xml'], /--output: found "xml", wanted one of json, yaml/);
});

test('nearest finds a close word and nothing for a distant one', () => {
  assert.equal(nearestWord('ledgr', ['ledger', 'devices']), 'ledger');
  assert.equal(nearestWord('qqqqq', ['ledger', 'devices']), undefined);
});

test('table aligns columns by display width and shows control characters as escapes', () => {
  const text = table(
    [
      { a: '风', b: '1' },
      { a: 'x\u001b[2J', b: '10' },
    ],
    [
      { title: 'A', cell: (row) => row.a },
      { title: 'B', align: 'right', cell: (row) => row.b },
    ],
  );
  assert.equal(text, 'A          B\n风         1\nx\\x1b[2J  10\n');
});
