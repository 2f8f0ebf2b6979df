// One whose grant lies in one project sees, in every room, that project and nothing of another tenant's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildPage, sees } from './browser.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
/** Offset of the rival's dead letter. */
let letter = -1;

/** Words that only the other tenant's things have. */
const OTHERS = /rival|secret/;

before(async () => {
  buildPage();
  scene = await openScene();
  await scene.publish(
    ['iot/rival/yard/secret-1/telemetry', '{"temperature": 1}'],
    ['iot/rival/yard/secret-1/telemetry', Uint8Array.of(0xff, 0x41)],
  );
  await scene.server.quiet();
  await scene.ask('PUT', '/api/v1/pipelines/secret-stage', {
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'secret-stage' },
    spec: { match: { tenant: 'rival' }, stages: [{ name: 'keep', type: 'Filter', keep: 'true' }] },
  });
  const wish = { world: 'traffic', devices: 1, rate: 0.1, tenant: 'rival', project: 'secret' };
  await scene.ask('POST', '/api/v1/simulations', wish);
  const found = await scene.ask('GET', '/api/v1/dead-letters?tenant=rival');
  const { items } = found as { readonly items: readonly { readonly offset: number }[] }; // as the API says
  letter = items[0]?.offset ?? -1;
});

after(() => scene[Symbol.asyncDispose]());

const ROOMS = [
  ['/', '.tile-value'],
  ['/devices', '[data-row="0"] .row-link'],
  ['/pipeline', '.notice'],
  ['/dead-letters', 'tbody tr'],
  ['/ledger?device=pump', '.device-account .ledger'],
  ['/ledger?device=secret', '.notice'],
  ['/connect', '.card'],
  ['/access/me', 'tbody tr'],
  ['/settings', 'main h1'],
  ['/about', '.facts'],
] as const;

for (const [path, mark] of ROOMS) {
  test(`${path}: a viewer of one project sees nothing of another tenant`, async () => {
    await using tab = await scene.visit(path, { role: 'viewer' });
    const { page } = tab;
    await page.locator(mark).first().waitFor();
    await page.locator('.loading').first().waitFor({ state: 'detached' });
    const said = String(await page.locator('main').textContent()).replaceAll('“secret”', '');
    assert.doesNotMatch(said, OTHERS);
    assert.deepEqual(tab.complaints, []);
  });
}

test('what another tenant has is not there for a viewer of one project who knows its address', async () => {
  assert.ok(letter >= 0);
  for (const [path, words] of [
    ['/devices/rival/yard/secret-1', 'No device'],
    [`/dead-letters/${letter}`, 'No dead letter has this offset.'],
    ['/pipeline/pipelines/secret-stage', 'No document of this name was ever applied.'],
  ] as const) {
    await using tab = await scene.visit(path, { role: 'viewer' });
    await sees(tab.page, words);
    await using admin = await scene.visit(path);
    await admin.page.locator('.card').first().waitFor();
    assert.equal(await admin.page.getByText(words).count(), 0, path);
  }
});

test('the counts of a viewer of one project are those of the project: records, devices, dead letters', async () => {
  await using tab = await scene.visit('/ledger', { role: 'viewer' });
  await using admin = await scene.visit('/ledger');
  const received = (page: typeof tab.page) => page.locator('.ledger-sum dd').first();
  await received(tab.page).getByText('3', { exact: true }).waitFor();
  await received(admin.page)
    .getByText(/^[5-9]|\d\d/)
    .waitFor();
  const rows = (page: typeof tab.page) => page.locator('.table-card tbody tr', { hasText: 'acme' });
  assert.equal(await rows(tab.page).count(), 1);
});
