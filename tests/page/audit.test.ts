// The audit log is read, narrowed, checked and saved from the page.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildPage, sees } from './browser.ts';
import { lookFaults, openScene, type Scene } from './scene.ts';

let scene: Scene;

before(async () => {
  buildPage();
  scene = await openScene();
  for (let number = 0; number < 120; number += 1)
    await scene.ask('POST', '/api/v1/tokens', {
      name: `token-${number}`,
      grants: [{ role: 'viewer', tenant: 'acme' }],
    });
});

after(() => scene[Symbol.asyncDispose]());

test('audit: what was done is listed newest first, page by page, and the chain is whole', async () => {
  await using tab = await scene.visit('/audit');
  const { page } = tab;
  await sees(page, 'fit the chain: nothing was changed, removed or cut off.');
  await sees(page, '100 entries');
  const newest = page.locator('tbody tr').first();
  assert.match(String(await newest.textContent()), /local.*made a token.*token-119.*Viewer acme.*Done/);
  await page.getByRole('button', { name: 'Show more' }).click();
  await page.locator('tbody tr', { hasText: 'Token token-0' }).first().waitFor();
  const numbers = await page.locator('tbody td:first-child').allTextContents();
  assert.deepEqual(
    numbers.map(Number),
    numbers.map((_, index) => numbers.length - index),
  );
  assert.deepEqual(tab.complaints, []);
});

test('audit: it is narrowed by author, action and outcome, and the address keeps it', async () => {
  await using tab = await scene.visit('/audit', { language: 'zh' });
  const { page } = tab;
  await page.getByRole('combobox').first().selectOption('user.');
  await sees(page, '4 个条目');
  await page.getByLabel('操作者').fill('system');
  await sees(page, '1 个条目');
  await page.waitForURL('**/audit?action=user.&author=system');
  await page.reload();
  const first = page.locator('tr', { hasText: '用户 admin' });
  await first.getByText('创建用户').waitFor();
  await first.getByText('首次启动').waitFor();
  await page.getByLabel('结果').selectOption('refused');
  await sees(page, '没有符合条件的条目。');
  assert.deepEqual(tab.complaints, []);
});

test('audit: what was refused is told in Chinese, with what was asked for', async () => {
  await using viewer = await scene.visit('/devices', { role: 'viewer' });
  await viewer.page.evaluate(
    "fetch('/api/v1/users', { headers: { 'x-skerry-request': '1' } }).then((answer) => answer.text())",
  );
  await using tab = await scene.visit('/audit?outcome=refused', { language: 'zh' });
  const row = tab.page.locator('tbody tr', { hasText: 'vera' }).filter({ hasText: 'listUsers' });
  await row.getByText('请求').waitFor();
  await row.getByText('您的角色不允许此操作。').waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('audit: every entry of a filter is saved, also those that are on no page yet', async () => {
  await using tab = await scene.visit('/audit?action=token.');
  const { page } = tab;
  const save = async (name: string) => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name }).click(),
    ]);
    return readFileSync(await download.path(), 'utf8')
      .trim()
      .split(/\r?\n/);
  };
  const rows = await save('Export as CSV');
  assert.equal(rows.length, 121);
  assert.equal(rows[0], 'n,time,author,action,target,outcome,from,detail,count');
  const lines = (await save('Export as NDJSON')).map((line) => JSON.parse(line));
  assert.equal(lines.length, 120);
  assert.equal(lines.at(-1).target, 'AccessToken/token-0');
});

test('audit is no room of an operator', async () => {
  await using tab = await scene.visit('/audit', { role: 'operator' });
  await sees(tab.page, 'You may not see this.');
  assert.deepEqual(tab.complaints, []);
});

test('audit: axe finds nothing, the kept pictures are like it, and it fits', async () => {
  const faults = await lookFaults(scene, {
    name: 'audit',
    path: '/audit?action=user.',
    whole: async (page) => {
      await page.locator('.chain svg').waitFor();
      await page.locator('tbody tr').nth(3).waitFor();
    },
  });
  assert.deepEqual(faults, []);
});

// Last, since the log is broken behind it.
test('audit: a changed line is told with its number and file', async () => {
  const folder = join(scene.server.dataDir, 'audit');
  const [file = ''] = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const path = join(folder, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace('token-7"', 'token-8"'));
  await using tab = await scene.visit('/audit');
  await sees(tab.page, 'The chain is broken in 1 place.');
  await sees(tab.page, `${file} line`);
  assert.equal(await tab.page.locator('.findings li').count(), 1);
});
