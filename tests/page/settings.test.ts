// The page says with which configuration the server runs, where each value comes from, and how it is changed.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildPage, sees } from './browser.ts';
import { lookFaults, openScene, type Scene } from './scene.ts';

let scene: Scene;
let folder: string;

before(async () => {
  buildPage();
  folder = mkdtempSync(join(tmpdir(), 'skerry-settings-'));
  const config = join(folder, 'skerry.yaml');
  writeFileSync(config, 'series:\n  rawDays: 5\n');
  scene = await openScene({ SKERRY_CONFIG: config, SKERRY_JOURNAL_HOURS_MAX: '24' });
});

after(async () => {
  await scene[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

test('settings: each value is shown with its source, default, file or environment', async () => {
  await using tab = await scene.visit('/settings');
  const { page } = tab;
  const row = (path: string) => page.locator('tr', { has: page.getByText(path, { exact: true }) });
  await sees(page, `127.0.0.1:${scene.server.mqttPort}`);
  const facts = async (path: string) => String(await row(path).locator('td').allTextContents());
  assert.match(await facts('series.rawDays'), /^5default 3,File.*file .*skerry\.yaml$/);
  assert.match(await facts('journal.hoursMax'), /^24default 72,EnvironmentSKERRY_JOURNAL_HOURS_MAX$/);
  assert.match(await facts('mqtt.connectionsMax'), /^10,000,Default$/);
  await page.getByLabel('Only what was set').check();
  await row('mqtt.connectionsMax').waitFor({ state: 'detached' });
  await row('series.rawDays').waitFor();
  await page.waitForURL('**/settings?set=only');
  assert.deepEqual(tab.complaints, []);
});

test('settings: one is found by a word and tells the three ways to change it', async () => {
  await using tab = await scene.visit('/settings');
  const { page } = tab;
  await page.getByLabel('Find a setting').fill('which rollups');
  await sees(page, '1 setting');
  await page.getByText('How to change it').click();
  assert.deepEqual(await page.locator('.setting-lines').allTextContents(), [
    'series:\n  rollupDays: 90',
    'SKERRY_SERIES_ROLLUP_DAYS=90',
    '--series-rollup-days 90',
  ]);
  await page.getByLabel('Find a setting').fill('nothing like it');
  await sees(page, 'No setting matches.');
});

test('settings: every key is described in Chinese', async () => {
  await using tab = await scene.visit('/settings', { language: 'zh' });
  const { page } = tab;
  await page.locator('.setting-what').first().waitFor();
  const descriptions = await page.locator('.setting-what').allTextContents();
  assert.ok(descriptions.length >= 29, `${descriptions.length} settings`);
  assert.deepEqual(
    descriptions.filter((text) => !/\p{Script=Han}/u.test(text)),
    [],
  );
});

test('settings: who sees a part of the platform sees no values', async () => {
  await using tab = await scene.visit('/settings', { role: 'viewer' });
  await sees(tab.page, 'The values are for those who may see all of the platform.');
  assert.equal(await tab.page.locator('.setting-what').count(), 0);
});

test('settings: axe finds nothing, the kept pictures are like it, and it fits', async () => {
  const faults = await lookFaults(scene, {
    name: 'settings',
    path: '/settings',
    whole: (page) => page.locator('.setting-what').first().waitFor(),
  });
  assert.deepEqual(faults, []);
});
