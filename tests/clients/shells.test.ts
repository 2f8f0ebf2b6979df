import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skerry } from '../e2e/skerry-line.ts';

/** What a shell offers for a line that is cut at blanks. */
async function offers(shell: 'zsh' | 'fish', line: string): Promise<string[]> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-shell-'));
  const { code, out } = await skerry(`completion ${shell}`);
  assert.equal(code, 0);
  const script = join(folder.path, `skerry.${shell}`);
  writeFileSync(script, out);
  const words =
    shell === 'fish'
      ? ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line]
      : ['-f', '-c', 'source "$1"; shift; _skerry_candidates "$@"', 'zsh', script, ...line.split(' ')];
  const end = spawnSync(shell, words, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder.path },
  });
  assert.equal(end.stderr, '');
  return end.stdout.split('\n').filter((text) => text !== '');
}

const wordOf = (offer: string): string => String(offer.split(/\t|(?<!\\):/)[0]);

for (const shell of ['zsh', 'fish'] as const) {
  test(`completion ${shell}: verbs, second words, flags and their values, with their meaning`, async () => {
    const verbs = await offers(shell, 'skerry ');
    for (const verb of ['up', 'dlq', 'simulate', 'telemetry'])
      assert.ok(verbs.map(wordOf).includes(verb), verb);
    assert.match(String(verbs.find((offer) => wordOf(offer) === 'simulate')), /Publishes a simulated world/);
    assert.deepEqual((await offers(shell, 'skerry dlq ')).map(wordOf).sort(), [
      'discard',
      'list',
      'replay',
      'show',
    ]);
    const flags = (await offers(shell, 'skerry ledger --')).map(wordOf);
    assert.ok(flags.includes('--audit') && flags.includes('--output'), flags.join());
    const formats = (await offers(shell, 'skerry ledger --output ')).map(wordOf);
    assert.deepEqual(formats.sort(), ['json', 'ndjson', 'table', 'wide', 'yaml']);
    assert.ok((await offers(shell, 'skerry simulate ')).map(wordOf).includes('factory'));
  });
}
