import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_HELP } from './commands/fault-report.ts';
import { NEXT_STEPS } from './commands/next-steps.ts';
import { VERBS } from './commands/verbs.ts';
import { dataDirWords, programName, withProgramName } from './program-name.ts';

test('programName is npx skerry under npm and from a checkout, skerry where it was installed', () => {
  assert.equal(programName({ npm_lifecycle_event: 'npx' }, false), 'npx skerry');
  assert.equal(programName({}), 'npx skerry');
  assert.equal(programName({}, false), 'skerry');
});

test('withProgramName calls every command of the help as a person does, and leaves the product its name', () => {
  assert.equal(
    withProgramName('Start one with skerry up. npx skerry doctor; skerry.yaml of skerry', 'npx skerry'),
    'Start one with npx skerry up. npx skerry doctor; skerry.yaml of skerry',
  );
  for (const verb of VERBS) {
    const line = `skerry ${verb.path.join(' ')}`;
    assert.equal(withProgramName(line, 'npx skerry'), `npx ${line}`);
  }
  for (const text of [...Object.values(FAULT_HELP), ...Object.values(NEXT_STEPS).flat()]) {
    assert.doesNotMatch(withProgramName(text, 'x').replaceAll(/skerry\.yaml/g, ''), /\bskerry /, text);
  }
});

test('dataDirWords quotes what a shell would cut', () => {
  assert.equal(dataDirWords('/var/lib/skerry'), '--data-dir /var/lib/skerry');
  assert.equal(dataDirWords("/a b/it's"), `--data-dir '/a b/it'\\''s'`);
});
