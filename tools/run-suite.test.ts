import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './packages.ts';

test('runSuite ends and names a file that never ends, and counts the others', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-suite-'));
  const write = (name: string, body: string) =>
    writeFileSync(
      join(folder.path, name),
      `import { test } from 'node:test';\ntest('it', () => { ${body} });\n`,
    );
  write('a-spinning.test.ts', 'for (;;);');
  write('b-good.test.ts', '');
  write('c-bad.test.ts', 'throw new Error("planted");');
  const suite = {
    name: 'planted',
    about: '',
    files: [join(relative(ROOT, folder.path), '*.test.ts')],
    needs: [],
    concurrency: 1,
    deadlineSecs: 60,
    fileDeadlineSecs: 2,
  };
  const script = `import { runSuite } from ${JSON.stringify(import.meta.resolve('./run-suite.ts'))};
    const outcome = await runSuite(${JSON.stringify(suite)}, {}, new AbortController().signal);
    console.log(JSON.stringify(outcome));`;
  // A file and not `-e`, which Node's runner would hand on to every test file; without the mark of an outer runner.
  const main = join(folder.path, 'main.ts');
  writeFileSync(main, script);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const end = spawnSync(process.execPath, [main], { encoding: 'utf8', env });
  assert.match(end.stdout, /a-spinning\.test\.ts did not end within 2 s/, end.stderr);
  assert.match(end.stdout, /planted/);
  const { passed, failed, remark } = JSON.parse(end.stdout.trim().split('\n').at(-1) ?? '');
  assert.deepEqual({ passed, failed }, { passed: 1, failed: 2 });
  assert.match(remark, /a-spinning/);
});
