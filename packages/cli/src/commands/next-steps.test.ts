import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_HELP } from './fault-report.ts';
import { NEXT_STEPS, withNextSteps } from './next-steps.ts';
import { findVerb, parseLine } from './parse.ts';
import { Capture } from './testing/island.ts';
import type { Verb, VerbContext } from './verb.ts';
import { VERBS } from './verbs.ts';

test('NEXT_STEPS are of verbs that exist, and are lines that parse', () => {
  for (const [path, steps] of Object.entries(NEXT_STEPS)) {
    assert.ok(
      VERBS.some((verb) => verb.path.join(' ') === path),
      path,
    );
    for (const step of steps) {
      const found = findVerb(VERBS, step.split(' ').slice(1));
      assert.ok(found, step);
      parseLine(found.verb, found.rest);
    }
  }
});

test('withNextSteps speaks to a person after success alone', async () => {
  const said = async (code: number, isTerminal: boolean, output?: string): Promise<string> => {
    const verb: Verb = {
      path: ['ledger'],
      summary: '',
      positionals: [],
      flags: [],
      examples: [],
      run: async () => code,
    };
    const stderr = new Capture(isTerminal);
    const context: VerbContext = {
      flags: { output },
      positionals: [],
      stdout: new Capture(isTerminal),
      stderr,
      environment: {},
      signal: new AbortController().signal,
    };
    assert.equal(await withNextSteps(verb).run(context), code);
    return stderr.text;
  };
  assert.equal(await said(0, true), '\nNext: npx skerry ledger --audit   or   npx skerry ledger gaps\n');
  for (const quiet of [await said(0, false), await said(1, true), await said(0, true, 'json')])
    assert.equal(quiet, '');
});

test('FAULT_HELP names commands that exist', () => {
  for (const [code, text] of Object.entries(FAULT_HELP)) {
    const lines = [...text.matchAll(/skerry ([a-z-]+(?: [a-z]+)?)/g)].map((match) =>
      String(match[1]).split(' '),
    );
    assert.ok(lines.length > 0, code);
    for (const words of lines) assert.ok(findVerb(VERBS, words), `${code}: skerry ${words.join(' ')}`);
  }
});
