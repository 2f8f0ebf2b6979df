import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dashboardFiles } from './dashboards.ts';
import { metricCatalogue } from './metrics-catalogue.ts';
import { metricsPage } from './metrics-page.ts';
import { ROOT } from './packages.ts';

/** Texts that look like a metric and are none: a database, its table, the beginning of names. */
const NO_METRICS = new Set(['iot_data', 'iot_messages', 'iot_messages_new', 'iot_messages_earlier']);

const names = new Set([...metricCatalogue().values()].flat().map(({ name }) => name));

test('the catalogue has every metric that the sources register', () => {
  const faults: string[] = [];
  const files = globSync('packages/*/src/**/*.ts', { cwd: ROOT });
  assert.ok(files.length > 100, `${files.length} files were read`);
  for (const path of files) {
    if (/\.test\.ts$|\/testing\/|\/generated\//.test(path)) continue;
    for (const [, name = ''] of readFileSync(join(ROOT, path), 'utf8').matchAll(
      /['"`](iot_[a-z_]*[a-z])['"`]/g,
    ))
      if (!names.has(name) && !NO_METRICS.has(name)) faults.push(`${path}: ${name}`);
  }
  assert.deepEqual(faults, []);
});

test('metricsPage has a row for each metric of the catalogue', () => {
  const rows = metricsPage().match(/^\| `\w+`/gm) ?? [];
  assert.equal(rows.length, names.size);
});

test('every dashboard asks for metrics of the catalogue only, with units and words on every panel', () => {
  for (const [path, text] of dashboardFiles()) {
    if (!path.endsWith('.json')) continue;
    for (const [name] of text.matchAll(/\biot_[a-z_]+\b/g))
      assert.ok(names.has(name.replace(/_(bucket|sum|count)$/, '')) || names.has(name), `${path}: ${name}`);
    const { panels } = JSON.parse(text) as {
      readonly panels: readonly {
        readonly title: string;
        readonly description: string;
        readonly gridPos: object;
      }[];
    }; // as it was written
    assert.equal(new Set(panels.map(({ gridPos }) => JSON.stringify(gridPos))).size, panels.length, path);
    for (const { title, description } of panels) assert.match(description, /\.$/, `${path}: ${title}`);
  }
});

test('documents and dashboards in the repository are those that are generated', () => {
  for (const [path, text] of [...dashboardFiles(), ['docs/METRICS.md', metricsPage()] as const])
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), text, `${path} is stale; npm run generate`);
});
