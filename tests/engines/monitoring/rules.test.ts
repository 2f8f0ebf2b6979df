import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTool } from '@skerry/testkit/engines';
import { dashboards } from './dashboards.ts';
import { ROOT } from './scene.ts';

const PROMETHEUS = join(ROOT, 'deploy/prometheus');
const RUNBOOKS = join(ROOT, 'docs/runbooks');

interface Rule {
  readonly alert: string | undefined;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string | undefined>>;
}

const yamlIn = (folder: string): string[] =>
  readdirSync(join(PROMETHEUS, folder)).map((name) => join(PROMETHEUS, folder, name));

/** The rules as they are written in the repository: one key a line, an expression of several. */
function rules(): Rule[] {
  return yamlIn('rules').flatMap((path) =>
    readFileSync(path, 'utf8')
      .split(/^ {6}- (?=alert:|record:)/m)
      .slice(1)
      .map(ruleOf),
  );
}

function ruleOf(text: string): Rule {
  const value = (key: string) =>
    new RegExp(`^ *${key}: '?(.*?)'?$`, 'm').exec(text)?.[1]?.replaceAll("''", "'");
  const labels = [...(value('labels') ?? '').matchAll(/(\w+): (\w+)/g)].map(([, name, one]) => [name, one]);
  return {
    alert: /^alert: (\w+)/.exec(text)?.[1],
    expr: /expr: \|\n((?: {10}.*\n)+)/.exec(text)?.[1] ?? '',
    labels: Object.fromEntries(labels),
    annotations: {
      summary: value('summary'),
      description: value('description'),
      runbook_url: value('runbook_url'),
    },
  };
}

function alerts(): (Rule & { readonly alert: string })[] {
  return rules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
}

test('promtool takes configuration and rules, amtool the configuration of Alertmanager', async () => {
  const config = await runTool('promtool', [
    'check',
    'config',
    '--syntax-only',
    join(PROMETHEUS, 'prometheus.yml'),
  ]);
  assert.match(config, /SUCCESS/);
  const checked = await runTool('promtool', ['check', 'rules', ...yamlIn('rules')]);
  const counts = [...checked.matchAll(/SUCCESS: (\d+) rules found/g)].map(([, count]) => Number(count));
  assert.equal(
    counts.reduce((sum, one) => sum + one, 0),
    rules().length,
    'the rules that this test reads are those that Prometheus reads',
  );
  await runTool('amtool', ['check-config', join(ROOT, 'deploy/alertmanager/alertmanager.yml')]);
});

test('each alert is quiet before its time and fires after it: promtool test rules', async () => {
  await runTool('promtool', ['test', 'rules', ...yamlIn('tests')]);
  const tested = yamlIn('tests').flatMap((path) => [
    ...readFileSync(path, 'utf8').matchAll(/alertname: (\w+)\n +exp_alerts:( \[\])?/g),
  ]);
  for (const { alert } of alerts()) {
    const cases = tested.filter(([, name]) => name === alert);
    assert.ok(
      cases.some(([, , none]) => none !== undefined),
      `${alert}: no case in which it is quiet`,
    );
    assert.ok(
      cases.some(([, , none]) => none === undefined),
      `${alert}: no case in which it fires`,
    );
  }
});

test('each alert says whom it calls, what it means and what to do, and its runbook stands', () => {
  const index = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8');
  assert.equal(readdirSync(RUNBOOKS).length, alerts().length + 1, 'a runbook for each alert, and their list');
  for (const { alert, labels, annotations } of alerts()) {
    assert.match(String(labels.severity), /^(page|ticket)$/, alert);
    assert.equal(labels.owner, 'skerry', alert);
    for (const name of ['summary', 'description'] as const)
      assert.match(String(annotations[name]), /\.$/, `${alert} ${name}`);
    assert.equal(annotations.runbook_url, `{{ $externalLabels.repository }}/docs/runbooks/${alert}.md`);
    const page = readFileSync(join(RUNBOOKS, `${alert}.md`), 'utf8');
    for (const title of ['What it means', 'How to see', 'What to do', 'Tried'])
      assert.match(page, new RegExp(`^## ${title}\n\n\\S`, 'm'), `${alert}: ${title}`);
    assert.ok(index.includes(`](${alert}.md)`), `${alert} in the list`);
  }
});

test('every test and document that a runbook names stands, and every metric of rules and runbooks is documented', () => {
  const metrics = readFileSync(join(ROOT, 'docs/METRICS.md'), 'utf8');
  const documented = new Set([...metrics.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name));
  const texts = [
    ...readdirSync(RUNBOOKS).map((name) => readFileSync(join(RUNBOOKS, name), 'utf8')),
    ...rules().map(({ expr }) => expr),
  ];
  for (const text of texts) {
    for (const [path] of text.matchAll(/\b(?:tests|packages)\/[\w./-]+\.ts\b/g))
      assert.doesNotThrow(() => readFileSync(join(ROOT, path)), path);
    for (const [, path] of text.matchAll(/\]\((?!http)([\w./-]+)\)/g))
      assert.doesNotThrow(() => readdirOrFile(join(RUNBOOKS, String(path))), String(path));
    for (const [name] of text.matchAll(/\biot_[a-z_]+\b/g))
      assert.ok(documented.has(name) || documented.has(name.replace(/_(bucket|sum|count)$/, '')), name);
  }
});

test('Overview shows the open dead letters of a site once, however many clouds count them', async () => {
  const overview = dashboards().find(({ title }) => title === 'Overview');
  const expr = overview?.panels.find(({ title }) => title === 'Open dead letters')?.targets[0]?.expr;
  const cloud = (instance: string) =>
    `iot_pipeline_dead_letters_open{job="skerry-cloud",instance="${instance}"}`;
  const writer = (instance: string) =>
    `iot_pipeline_dead_letters_open{job="skerry-writer",instance="${instance}"}`;
  const shown = (series: Record<string, number>, value: number) => ({
    interval: '1m',
    input_series: Object.entries(series).map(([name, letters]) => ({ series: name, values: `${letters}x5` })),
    promql_expr_test: [{ expr, eval_time: '5m', exp_samples: [{ labels: '{}', value }] }],
  });
  const tests = [
    shown({ [cloud('c1')]: 7, [cloud('c2')]: 7, [writer('w1')]: 4, [writer('w2')]: 3 }, 7),
    shown({ [writer('w1')]: 4, [writer('w2')]: 3 }, 7),
  ];
  const folder = mkdtempSync(join(tmpdir(), 'skerry-panel-'));
  try {
    const path = join(folder, 'panel.json');
    writeFileSync(path, JSON.stringify({ rule_files: [], evaluation_interval: '1m', tests })); // JSON is YAML
    assert.match(await runTool('promtool', ['test', 'rules', path]), /SUCCESS/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function readdirOrFile(path: string): void {
  if (/\.\w+$/.test(path)) readFileSync(path);
  else readdirSync(path);
}
