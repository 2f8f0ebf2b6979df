import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configLeaves, flagName } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { explained } from './fault-report.ts';
import { exitCodeHelp, overviewHelp, verbHelp } from './help.ts';
import { parseLine } from './parse.ts';
import { Capture } from './testing/island.ts';
import type { Verb, VerbContext } from './verb.ts';
import { VERBS } from './verbs.ts';

test('VERBS have paths and flags of their own, and none hides a key of the configuration', () => {
  const paths = VERBS.map((verb) => verb.path.join(' '));
  assert.equal(new Set(paths).size, paths.length);
  const keys = new Set(configLeaves().map((leaf) => flagName(leaf.path)));
  for (const verb of VERBS) {
    const names = verb.flags.map((flag) => flag.name);
    assert.equal(new Set(names).size, names.length, verb.path.join(' '));
    if (names.includes('http-port')) continue;
    assert.deepEqual(
      names.filter((name) => keys.has(name) && name !== 'data-dir'),
      [],
      verb.path.join(' '),
    );
  }
});

test('VERBS have examples that parse', () => {
  for (const verb of VERBS) {
    assert.ok(verb.examples.length > 0, verb.path.join(' '));
    for (const example of verb.examples) {
      const line = example.replace(/ [|<>].*$/, '').replace(/^(\w+=\S* )*/, '');
      const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => String(match[1] ?? match[2]));
      assert.deepEqual(words.slice(0, verb.path.length + 1), ['skerry', ...verb.path], example);
      parseLine(verb, words.slice(verb.path.length + 1));
    }
  }
});

test('verbHelp tells of every flag, and how a switch that is on is turned off', () => {
  const up = VERBS.find((verb) => verb.path[0] === 'up');
  assert.ok(up);
  const help = verbHelp(up);
  for (const flag of up.flags) assert.match(help, new RegExp(`--(\\[no-\\])?${flag.name} `), flag.name);
  assert.match(help, /--\[no-\]demo/);
  assert.match(help, /--read-only +Takes nothing in/);
  assert.match(
    overviewHelp(VERBS, '1.2.3'),
    /^skerry 1\.2\.3: .*[\s\S]* {2}telemetry query +Points of one series/,
  );
});

test('exitCodeHelp lists every exit code once, in order', () => {
  const codes = [...exitCodeHelp().matchAll(/^ *(\d+) {2}/gm)].map((match) => Number(match[1]));
  assert.deepEqual(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 71, 73, 74, 75, 77, 130]);
});

const failing = (cause: unknown): Verb => ({
  path: ['x'],
  summary: '',
  positionals: [],
  flags: [],
  examples: [],
  run: () => Promise.reject(cause),
});

async function endOf(cause: unknown, signal = new AbortController().signal): Promise<[number, string]> {
  const stderr = new Capture();
  const context: VerbContext = {
    flags: {},
    positionals: [],
    stdout: new Capture(),
    stderr,
    environment: {},
    signal,
  };
  return [await explained(failing(cause)).run(context), stderr.text];
}

test('explained tells of a fault with its code, ends interruptions with 130, and lets bugs pass', async () => {
  assert.deepEqual(await endOf(new CliError('sql-failed', 'Too slow.')), [
    7,
    'skerry: Too slow. [sql-failed]\n',
  ]);
  assert.deepEqual(await endOf(AbortSignal.abort().reason, AbortSignal.abort()), [130, '']);
  await assert.rejects(endOf(new TypeError('bug')), TypeError);
  await assert.rejects(endOf(AbortSignal.abort().reason), { name: 'AbortError' });
});
