import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runTool } from '@skerry/testkit/engines';
import { parse } from 'yaml';
import { ROOT } from './scene.ts';

const PROMETHEUS = join(ROOT, 'deploy/prometheus');
const RUNBOOKS = join(ROOT, 'docs/runbooks');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const yamlIn = (folder: string): string[] =>
  readdirSync(join(PROMETHEUS, folder)).map((name) => join(PROMETHEUS, folder, name));

function rules(): Rule[] {
  return yamlIn('rules').flatMap((path) => {
    const file = parse(readFileSync(path, 'utf8')) as {
      readonly groups: readonly { readonly rules: readonly Rule[] }[];
    }; // promtool checks its shape
    return file.groups.flatMap((group) => group.rules);
  });
}

function alerts(): (Rule & { readonly alert: string })[] {
  return rules().flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
}

test('promtool takes configuration and rules, amtool the configuration of Alertmanager', async () => {
  await runTool('promtool', ['check', 'config', '--syntax-only', join(PROMETHEUS, 'prometheus.yml')]);
  await runTool('promtool', ['check', 'rules', ...yamlIn('rules')]);
  await runTool('amtool', ['check-config', join(ROOT, 'deploy/alertmanager/alertmanager.yml')]);
});

test('each alert is quiet before its time and fires after it: promtool test rules', async () => {
  await runTool('promtool', ['test', 'rules', ...yamlIn('tests')]);
  const tested = yamlIn('tests').flatMap((path) => {
    const file = parse(readFileSync(path, 'utf8')) as {
      readonly tests: readonly {
        readonly alert_rule_test: readonly { alertname: string; exp_alerts: unknown[] }[];
      }[];
    }; // promtool has just read it
    return file.tests.flatMap((one) => one.alert_rule_test);
  });
  for (const { alert } of alerts()) {
    const cases = tested.filter(({ alertname }) => alertname === alert);
    assert.ok(
      cases.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert}: no case in which it is quiet`,
    );
    assert.ok(
      cases.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert}: no case in which it fires`,
    );
  }
});

test('each alert says whom it calls, what it means and what to do, and its runbook stands', () => {
  const index = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8');
  assert.equal(readdirSync(RUNBOOKS).length, alerts().length + 1, 'a runbook for each alert, and their list');
  for (const { alert, labels, annotations } of alerts()) {
    assert.match(String(labels?.severity), /^(page|ticket)$/, alert);
    assert.equal(labels?.owner, 'skerry', alert);
    for (const name of ['summary', 'description'])
      assert.match(String(annotations?.[name]), /\.$/, `${alert} ${name}`);
    assert.equal(annotations?.runbook_url, `{{ $externalLabels.repository }}/docs/runbooks/${alert}.md`);
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

function readdirOrFile(path: string): void {
  if (/\.\w+$/.test(path)) readFileSync(path);
  else readdirSync(path);
}
