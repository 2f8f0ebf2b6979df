// Dockerfiles of the repository before hadolint, all of its rules on.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/packages.ts';

interface Finding {
  readonly code: string;
  readonly line: number;
  readonly message: string;
}

/** What the linter says of a Dockerfile, a line for each finding. */
function lint(text: string): string[] {
  const program = process.env.SKERRY_TEST_HADOLINT;
  assert.ok(program, 'the runner says where hadolint is: npm test -- images');
  // without an environment it reads nobody's own rules
  const options = { input: text, encoding: 'utf8', env: {} } as const;
  const { status, stdout, stderr } = spawnSync(program, ['--no-fail', '--format', 'json', '-'], options);
  assert.equal(status, 0, stderr);
  const findings = JSON.parse(stdout) as readonly Finding[]; // as hadolint writes it
  return findings.map(({ code, line, message }) => `${line}: ${message} (${code})`);
}

test('a linter of Dockerfiles finds nothing in those of the repository, and what it should in a bad one', () => {
  const files = globSync('deploy/**/*Dockerfile*', { cwd: ROOT });
  assert.deepEqual(files, ['deploy/images/Dockerfile']);
  for (const file of files) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    assert.deepEqual(lint(text), [], file);
    assert.match(lint(text.replace('WORKDIR /build', 'WORKDIR build')).join(), /\(DL3000\)/);
  }
  assert.match(lint('FROM debian\nRUN cd /tmp\n').join(), /\(DL3006\).*\(DL3003\)/);
});
