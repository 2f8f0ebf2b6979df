// Stages are written, tried, put in force, watched and undone from the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { until } from '../e2e/condition.ts';
import { buildPage, sees } from './browser.ts';
import { lookFaults, openScene, type Scene, SITE, SITE_TOPICS } from './scene.ts';

let scene: Scene;

before(async () => {
  buildPage();
  scene = await openScene();
});

after(() => scene[Symbol.asyncDispose]());

const editorOf = (page: Page) => page.getByLabel('The document in YAML');
const topicOf = (device: string) => `${SITE_TOPICS}/${device}/telemetry`;

// First, so that the picture of the list has this document alone.
test('pipelines and pipeline: axe finds nothing, the kept pictures are like them, and they fit', async () => {
  const path = '/api/v1/pipelines/looked-at';
  await scene.ask('PUT', path, {
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'looked-at' },
    spec: {
      match: SITE,
      stages: [
        { name: 'sane', type: 'Filter', keep: '"flow" in metrics' },
        { name: 'minute', type: 'Aggregate', window: { size: '1m' }, functions: ['mean'], keepInput: true },
      ],
    },
  });
  const whole = (page: Page) => page.locator('.flow-figures').nth(1).waitFor();
  // the document is a record, too, and waits for a commit
  await until('nothing waits', async () => {
    const { items } = (await scene.ask('GET', '/api/v1/pipeline/partitions')) as {
      readonly items: readonly { readonly lagRecords: number }[];
    }; // as the API says
    return items.length > 0 && items.every(({ lagRecords }) => lagRecords === 0);
  });
  const faults = [
    ...(await lookFaults(scene, { name: 'pipelines', path: '/pipeline', whole })),
    ...(await lookFaults(scene, { name: 'pipeline', path: '/pipeline/pipelines/looked-at', whole })),
  ];
  assert.deepEqual(faults, []);
  await scene.ask('DELETE', path);
});

interface Detail {
  readonly version: number;
  readonly author: string;
  readonly document: { readonly spec: { readonly stages: readonly { readonly keep: string }[] } };
}

const ledgerOf = async () =>
  (await scene.ask('GET', '/api/v1/ledger')) as { readonly totals: { readonly received: number } }; // as the API says

const inForce = async (name: string) => (await scene.ask('GET', `/api/v1/pipelines/${name}`)) as Detail; // as the API says

test('pipeline: a document is begun from an example, its faults lead to their line, and a test shows each stage', async () => {
  await using tab = await scene.visit('/pipeline', { role: 'operator' });
  const { page } = tab;
  await sees(page, 'No stage is declared. Records are stored as they come.');
  await page.getByRole('link', { name: 'New document' }).click();
  await page.getByLabel('Begin with an example').selectOption('convert');
  const editor = editorOf(page);
  const whole = await editor.inputValue();
  assert.match(whole, /tenant: "acme"\n {4}project: "plant"/);
  await editor.fill(whole.replace('(value', '(valu'));
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await sees(page, 'spec.stages[0].scale.temperature');
  await page.getByRole('button', { name: 'line 13' }).click();
  assert.equal(
    await editor.evaluate((box: { value: string; selectionStart: number; selectionEnd: number }) =>
      box.value.slice(box.selectionStart, box.selectionEnd),
    ),
    '(valu - 32.0) / 1.8',
  );
  await editor.fill('kind: [');
  await page.getByRole('button', { name: 'Apply' }).click();
  await sees(page, 'The document cannot be taken:');
  await editor.fill(whole);
  await page.getByLabel('Payload').fill('{"temperature": 212, "flow": 1}');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await sees(page, 'It would be stored.');
  const boxes = await page.locator('.way-box').allTextContents();
  assert.equal(boxes.length, 3, boxes.join(' | '));
  assert.match(String(boxes[0]), /^Input.*temperature212/);
  assert.match(String(boxes[1]), /^celsius.*temperatureC100/);
  assert.match(String(boxes[2]), /^Stored.*temperatureC100/);
});

test('pipeline: a dead letter is tried, a shadow run compares, what is applied works, is counted live, and undone', async () => {
  await using tab = await scene.visit('/pipeline/new', { role: 'operator' });
  const { page } = tab;
  await page.getByRole('radio', { name: 'a dead letter' }).check();
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await sees(page, 'It would be dead-lettered.');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await sees(page, '3 records, of which 1 come out differently.');
  await page
    .locator('.shadow-report tr', { hasText: topicOf('pump-2') })
    .getByText('taken out')
    .waitFor();
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL('**/pipeline/pipelines/plausible');
  await page.locator('.badge', { hasText: 'In force' }).waitFor();
  assert.equal((await inForce('plausible')).author, 'olga');
  await scene.publish(
    [topicOf('pump-1'), '{"temperature": 21}'],
    [topicOf('pump-1'), '{"temperature": 1000}'],
    [topicOf('pump-1'), '{"temperature": 1001}'],
  );
  const figure = (name: string, value: string) =>
    page
      .locator('.flow-figures div', { has: page.getByText(name, { exact: true }) })
      .getByText(value, { exact: true });
  await figure('in', '3').waitFor();
  await figure('out', '1').waitFor();
  await figure('taken out', '2').waitFor();

  const editor = editorOf(page);
  await editor.fill(`# raised by olga\n${(await editor.inputValue()).replace('< 200', '< 2000')}`);
  await sees(page, 'A draft: not applied, and kept in this tab.');
  await page.getByRole('button', { name: 'Apply' }).click();
  await sees(page, 'Version 2 is in force for every record behind offset');
  assert.match(String((await inForce('plausible')).document.spec.stages[0]?.keep), /< 2000/);
  await page.getByText('A draft:').waitFor({ state: 'detached' });
  {
    await using another = await scene.visit('/pipeline/pipelines/plausible');
    const there = editorOf(another.page);
    await there.waitFor();
    assert.match(await there.inputValue(), /^# raised by olga\napiVersion/, 'comments come back elsewhere');
  }
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await page.evaluate('document.activeElement.textContent'), 'Undo', 'the focus is back');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
  await sees(page, 'Undone: this is version 3 now.');
  assert.match(String((await inForce('plausible')).document.spec.stages[0]?.keep), /< 200\)/);
  assert.match(await editor.inputValue(), /< 200\)/);
  await page.locator('tr', { hasText: 'undone back to version 1' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('pipeline: what is written and not applied is there again behind a link, is called a draft and can be dropped', async () => {
  await using tab = await scene.visit('/pipeline/new', { language: 'zh' });
  const { page } = tab;
  await page.getByLabel('从示例开始').selectOption('convert');
  const editor = page.locator('.editor');
  const example = await editor.inputValue();
  await editor.fill(`${example}# mine\n`);
  await page.locator('.nav').getByRole('link', { name: '账目' }).click();
  await page.locator('main h1', { hasText: '账目' }).waitFor();
  await page.goBack();
  await sees(page, '草稿：尚未应用，保存在此标签页中。');
  assert.match(await editor.inputValue(), /# mine/);
  await page.getByRole('button', { name: '放弃草稿' }).click();
  assert.equal(await editor.inputValue(), example);
  await page.reload();
  await editor.waitFor();
  assert.equal(await editor.inputValue(), example);
});

test('pipeline: records that are decoded and not yet committed stand in the picture; the lag is of those not decoded', async () => {
  const totals = (await ledgerOf()).totals;
  await using tab = await scene.visit('/pipeline');
  const { page } = tab;
  const lag = page.locator('.flow-lag');
  await lag.waitFor();
  assert.match(String(await lag.textContent()), /^Waiting to be decoded: no record\./);
  const stored = page.locator('.flow').first().locator('.flow-box').last();
  const [, pending] =
    /(\d+) pending: decoded, not yet committed/.exec(String(await stored.textContent())) ?? [];
  assert.ok(Number(pending) <= totals.received, `${pending} of ${totals.received}`);
  await scene.publish([topicOf('pump-1'), '{"temperature": 22}']);
  await stored.getByText(/^[1-9]\d* pending: decoded/).waitFor();
});

test('pipeline: a shadow run under way is cancelled by its button', async () => {
  await using tab = await scene.visit('/pipeline/new', { role: 'operator' });
  const { page } = tab;
  await page.route('**/api/v1/pipelines/shadow', () => undefined);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await sees(page, 'Running for');
  await page.getByRole('button', { name: 'Cancel' }).click();
  await sees(page, 'The shadow run was cancelled.');
  assert.equal(await page.getByRole('button', { name: 'Cancel' }).count(), 0);
});

test('pipeline: a viewer sees and tries, changes nothing, and reads it in Chinese', async () => {
  await using tab = await scene.visit('/pipeline/pipelines/plausible', { role: 'viewer', language: 'zh' });
  const { page } = tab;
  await sees(page, '您可以在这里查看和试验；修改需要操作员角色。');
  for (const name of ['应用', '撤销', '移除'])
    assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  await page.getByRole('button', { name: '测试' }).click();
  await sees(page, '它将被存储。');
  await page.goto(`${scene.url}/pipeline/pipelines/never`);
  await sees(page, '从未应用过此名称的文档。');
});

test('pipeline: a test waits for the topic of its sample', async () => {
  await using tab = await scene.visit('/pipeline');
  const { page } = tab;
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/api/v1/onboarding?**', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`${scene.url}/pipeline/pipelines/plausible`);
  const test = page.getByRole('button', { name: 'Test', exact: true });
  await test.waitFor();
  assert.equal(await test.isDisabled(), true);
  release();
  await test.click();
  await sees(page, 'It would be stored.');
});

test('pipeline: what is removed is not in force, keeps its history and can be taken into the editor again', async () => {
  await using tab = await scene.visit('/pipeline/new');
  const { page } = tab;
  await page.getByLabel('Begin with an example').selectOption('table');
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.waitForURL('**/pipeline/tables/rooms');
  await page.getByRole('button', { name: 'Remove' }).click();
  await sees(page, 'Take rooms out of force?');
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await sees(page, 'Not in force');
  await page.locator('tr', { hasText: 'applied' }).getByRole('button').click();
  await sees(page, 'Version 1 is in the editor.');
  await page.goto(`${scene.url}/pipeline`);
  await page
    .locator('.card', { hasText: 'Not in force any more' })
    .getByRole('link', { name: 'rooms' })
    .waitFor();
  await assert.rejects(scene.ask('GET', '/api/v1/pipelines/rooms?kind=LookupTable'), /404/);
});
