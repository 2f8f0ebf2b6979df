import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedFiles } from '../generated-files.ts';
import { manualPage } from './manual-page.ts';
import { VERBS } from './verbs.ts';

test('manualPage tells of arguments, options with their values, examples and neighbours, and needs no flag twice', () => {
  const verb = VERBS.find(({ path }) => path.join(' ') === 'telemetry query');
  assert.ok(verb);
  const page = manualPage({ verb, verbs: VERBS, toldElsewhere: new Set(['data-dir']) });
  assert.match(page, /^# skerry telemetry query\n/);
  assert.match(
    page,
    /skerry telemetry query --tenant TEXT --project TEXT --device TEXT --metric TEXT \[flags\]/,
  );
  assert.match(page, /- `-o, --output table\|wide\|json\|ndjson\|yaml`: /);
  assert.match(page, /- `--data-dir FOLDER`: /);
  assert.match(page, /## See also\n\n\[skerry telemetry tail\]\(telemetry-tail\.md\)/);
  for (const example of verb.examples) assert.ok(page.includes(example));
});

test('generatedFiles has a manual for every verb, each of its own name', () => {
  const files = generatedFiles();
  assert.equal(files.size, VERBS.length);
  assert.ok(files.has('docs/commands/dlq-list.md'));
  assert.doesNotMatch(String(files.get('docs/commands/up.md')), /--journal-bytes-max/);
});
