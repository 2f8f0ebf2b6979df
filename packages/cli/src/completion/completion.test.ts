import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Verb } from '../commands/verb.ts';
import { VERBS } from '../commands/verbs.ts';
import { bashScript } from './bash-script.ts';
import { completionNodes } from './completion-model.ts';
import { fishScript } from './fish-script.ts';
import { zshScript } from './zsh-script.ts';

const NODES = completionNodes(VERBS);

/** What a shell offers at the end of a line, whose last word is the beginning of one. */
type Offers = (line: readonly string[]) => string[];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const bash: Offers = (line) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-completion-'));
  const script = join(folder.path, 'skerry.bash');
  writeFileSync(script, bashScript(NODES));
  const end = spawnSync(
    'bash',
    [
      '-c',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); complete -p skerry >/dev/null && _skerry && printf "%s\\n" "${COMPREPLY[@]}"',
      'bash',
      script,
      ...line,
    ],
    { encoding: 'utf8' },
  );
  assert.equal(end.stderr, '');
  return linesOf(end.stdout);
};

test('bashScript completes verbs, their second words, flags and the values of flags in a real bash', () => {
  const verbs = bash(['skerry', '']);
  for (const { path } of VERBS) assert.ok(verbs.includes(String(path[0])), path.join(' '));
  assert.deepEqual(bash(['skerry', 'dlq', '']).sort(), ['discard', 'list', 'replay', 'show']);
  assert.deepEqual(bash(['skerry', 'tele']), ['telemetry']);
  assert.deepEqual(bash(['skerry', 'simulate', 'w']), ['wind-farm']);
  assert.deepEqual(bash(['skerry', 'ledger', '--au']), ['--audit']);
  assert.deepEqual(bash(['skerry', 'dlq', 'list', '-o', 'js']), ['json']);
  assert.deepEqual(bash(['skerry', 'dlq', 'list', '--output', 'y']), ['yaml']);
  assert.deepEqual(bash(['skerry', 'devices', '--tenant', 'd']), []);
  assert.deepEqual(bash(['skerry', 'up', '--no-d']), ['--no-demo']);
  assert.deepEqual(bash(['skerry', '--cont']), ['--context']);
  assert.deepEqual(bash(['skerry', '--context', '']), [], 'a name follows, no verb');
  assert.deepEqual(bash(['skerry', '--context', 'prod', 'dlq', 'l']), ['list']);
  assert.deepEqual(bash(['skerry', '--context', '=', 'prod', '-o', 'json', 'dlq', 'l']), ['list']);
  assert.deepEqual(bash(['skerry', '-o', 'js']), ['json']);
});

test('bashScript offers every flag of every verb', () => {
  for (const verb of VERBS.slice(0, 6)) {
    const offered = bash(['skerry', ...verb.path, '--']);
    const missing = verb.flags.filter(
      ({ name }) => !offered.includes(`--${name}`) && !offered.includes(`--no-${name}`),
    );
    assert.deepEqual(missing, [], verb.path.join(' '));
  }
});

test('the scripts run nothing of what stands in a definition', () => {
  const evil: Verb = {
    path: ['evil'],
    summary: "it's $(touch /tmp/x) `id` \\ :",
    positionals: [],
    flags: [{ name: 'a', type: 'text', what: "'; echo hacked; '", choices: ["b'c"] }],
    examples: [],
    run: async () => 0,
  };
  const nodes = completionNodes([evil]);
  for (const [shell, script] of [
    ['bash', bashScript(nodes)],
    ['sh', bashScript(nodes).replace(/<\(.*/, '')],
  ] as const) {
    const { stdout } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
    assert.equal(stdout, '');
  }
  assert.match(bashScript(nodes), /next='b'\\''c'/);
  assert.match(zshScript(nodes), /'--a:'\\''; echo hacked; '\\'''/);
  assert.match(fishScript(nodes), /-d '\\'; echo hacked; \\''/);
});

test('completionNodes has a node for every beginning of a verb, with what may follow', () => {
  assert.deepEqual(
    NODES.find(({ path }) => path === 'dlq')?.words.map(({ word }) => word),
    ['list', 'show', 'replay', 'discard'],
  );
  assert.equal(NODES.find(({ path }) => path === 'replay')?.takesFile, true);
  assert.equal(NODES.length, new Set(NODES.map(({ path }) => path)).size);
});
