// A world is started, watched and stopped from the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildPage, focusIsOn, sees } from './browser.ts';
import { lookFaults, openScene, type Scene } from './scene.ts';

let scene: Scene;

before(async () => {
  buildPage();
  // what a chaos run waits for becomes visible with the next seal
  scene = await openScene({ SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' });
});

after(() => scene[Symbol.asyncDispose]());

interface Running {
  readonly items: readonly {
    readonly world: string;
    readonly devices: number;
    readonly rate: number;
    readonly seed: number;
    readonly tenant: string;
    readonly author: string;
  }[];
}

const running = async () => (await scene.ask('GET', '/api/v1/simulations')) as Running; // as the API says

test('simulation starts a world as asked, shows what it publishes, and stops it', async () => {
  await using tab = await scene.visit('/simulation', { role: 'operator' });
  const { page } = tab;
  await sees(page, 'No simulation is running.');
  await page.getByRole('radio', { name: 'Factory' }).check();
  await page.getByLabel('Devices', { exact: true }).fill('5');
  await page.getByLabel('Messages a second').fill('2');
  await page.getByLabel('Seed').fill('42');
  await page.locator('form').getByLabel('Tenant').fill('works');
  await sees(page, 'That makes 10 messages a second.');
  await page.getByRole('button', { name: 'Start' }).click();
  await sees(page, 'The simulation has begun.');
  await sees(page, '5 devices, 2 messages of each a second, seed 42');
  await sees(page, 'ends with the server');
  const [started] = (await running()).items;
  assert.deepEqual(
    [started?.world, started?.devices, started?.rate, started?.seed, started?.tenant, started?.author],
    ['factory', 5, 2, 42, 'works', 'olga'],
  );
  await page
    .locator('.simulation-counts dd', { hasText: /^[1-9]/ })
    .nth(1)
    .waitFor();
  await page.getByRole('link', { name: 'See its devices' }).click();
  await sees(page, '5 of 7 devices match');
  await page.goBack();
  await page.getByRole('button', { name: 'Stop: Factory works / factory' }).click();
  await sees(page, 'Stop Factory works / factory?');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await running()).items.length, 1);
  await page.getByRole('button', { name: 'Stop: Factory works / factory' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
  const said = page.getByText('The simulation has ended.');
  await focusIsOn(said);
  await sees(page, 'No simulation is running.');
  assert.deepEqual((await running()).items, []);
  assert.deepEqual(tab.complaints, []);
});

test('simulation says which numbers it takes, and begins one anew in Chinese', async () => {
  await using tab = await scene.visit('/simulation', { language: 'zh' });
  const { page } = tab;
  await page.getByLabel('设备数量').fill('0');
  await sees(page, '请输入 1 到 1000 之间的整数。');
  await page.getByLabel('每秒消息数').fill('many');
  await sees(page, '请输入 0.01 到 2 之间的数。');
  assert.ok(await page.getByRole('button', { name: '启动' }).isDisabled());
  await page.getByLabel('设备数量').fill('2');
  await page.getByLabel('每秒消息数').fill('1');
  await page.getByRole('button', { name: '启动' }).click();
  await sees(page, '每台每秒 1 条消息');
  const [before] = (await running()).items;
  await page.getByRole('button', { name: /^重新开始/ }).click();
  await sees(page, '重新开始 风电场 demo / wind-farm？');
  await page.getByRole('dialog').getByRole('button', { name: '重新开始' }).click();
  const said = page.getByText('模拟已启动。');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await focusIsOn(said);
  assert.notEqual((await running()).items[0]?.seed, before?.seed);
  const away = { type: '', title: '', status: 503, code: 'unavailable', instance: 'r1' };
  await page.route(
    '**/api/v1/simulations/*',
    (route) =>
      route.fulfill({
        status: 503,
        contentType: 'application/problem+json',
        body: JSON.stringify({ ...away, detail: 'the broker is away' }),
      }),
    { times: 1 },
  );
  await page.getByRole('button', { name: /^停止/ }).click();
  const stop = page.getByRole('dialog').getByRole('button', { name: '停止' });
  await stop.click();
  const why = page.getByRole('dialog').getByText('the broker is away');
  await why.waitFor({ state: 'hidden' });
  await page.getByText('详情（英文）').click();
  await why.waitFor();
  assert.equal(await why.getAttribute('lang'), 'en');
  await stop.click();
  await sees(page, '没有正在运行的模拟。');
  assert.deepEqual(
    tab.complaints.filter((one) => !one.includes('503')),
    [],
  );
});

test('simulation is no room of a viewer', async () => {
  await using tab = await scene.visit('/simulation', { role: 'viewer' });
  await sees(tab.page, 'You may not see this.');
  assert.equal(await tab.page.locator('.nav').getByText('Simulation').count(), 0);
});

interface Chaos {
  readonly items: readonly {
    readonly tenant: string;
    readonly project: string;
    readonly state: string;
    readonly inputs: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly rows: readonly object[];
  }[];
}

const chaos = async () => ((await scene.ask('GET', '/api/v1/chaos')) as Chaos).items; // as the API says
/** A run is quick, unless the machine is busy: then it waits for dead letters to become visible, one after the other. */
const RUN_MS = 120_000;

test('chaos asks first, tells what each bad input became, and leads to the dead letters', async () => {
  await using tab = await scene.visit('/simulation', { role: 'operator' });
  const { page } = tab;
  const go = page.getByRole('button', { name: /^Send \d+ bad inputs…$/ });
  await go.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.deepEqual(await chaos(), []);
  await go.click();
  await sees(page, 'as chaos?');
  await page.getByRole('dialog').getByRole('button', { name: 'Send them' }).click();
  await focusIsOn(page.getByText('The bad inputs are being sent.'));
  const told = page.getByText(/^All \d+ bad inputs were answered as they should be\.$/);
  await told.waitFor({ timeout: RUN_MS });
  const [run] = await chaos();
  assert.ok(run);
  assert.equal(await told.textContent(), `All ${run.inputs} bad inputs were answered as they should be.`);
  const counted = await page.locator('.chaos-counts dd').allTextContents();
  const { stored, deadLettered, refused, closed, wrong } = run.counts;
  assert.deepEqual(counted, [stored, deadLettered, refused, closed, wrong].map(String));
  assert.equal(await page.locator('.chaos-report tbody tr').count(), run.rows.length);
  const row = (input: string) => page.locator('.chaos-report tbody tr', { hasText: input });
  await row('NaN as a value').getByRole('link', { name: 'Dead letter: Cannot be decoded' }).click();
  await sees(page, 'Cannot be decoded');
  await sees(page, '{"a":NaN}');
  await page.goBack();
  await row('A topic with #, MQTT 5').getByText('Connection ended: topic name invalid (0x90)').waitFor();
  await row('A device clock in 2099').getByText('Stored').waitFor();
  await page.getByRole('link', { name: 'Its dead letters' }).click();
  const letters = (await scene.ask(
    'GET',
    `/api/v1/dead-letters?tenant=chaos&project=${run.project}&state=open`,
  )) as { readonly items: readonly object[] }; // as the API says
  await sees(page, `${letters.items.length} dead letters`);
  assert.deepEqual(tab.complaints, []);
});

test('simulation: axe finds nothing, the kept pictures are like it, and it fits', async () => {
  await scene.ask('POST', '/api/v1/simulations', { world: 'traffic', devices: 2, seed: 7, rate: 0.1 });
  const faults = await lookFaults(scene, {
    name: 'simulation',
    path: '/simulation',
    whole: async (page) => {
      await page.locator('.simulation').waitFor();
      await page.locator('.chaos-report tbody tr').first().waitFor();
    },
  });
  assert.deepEqual(faults, []);
});

test('chaos says in Chinese what came of it, and ends when it is stopped', async () => {
  await using tab = await scene.visit('/simulation', { language: 'zh' });
  const { page } = tab;
  await sees(page, '个错误输入均得到了应有的回应。');
  await sees(page, '死信：无法解码');
  await sees(page, '连接被结束：主题名无效 (0x90)');
  // a run may be over before anybody can press: this one goes on until it is told to stop
  let state = 'running';
  await page.route('**/api/v1/chaos', async (route) => {
    if (route.request().method() !== 'GET') return await route.continue();
    const response = await route.fetch();
    const list = (await response.json()) as Chaos; // as the API says
    const items = list.items.map((run) => (run.tenant === 'trial' ? { ...run, state } : run));
    await route.fulfill({ response, json: { ...list, items } });
  });
  await page.route('**/api/v1/chaos/*', async (route) => {
    assert.equal(route.request().method(), 'DELETE');
    state = 'stopped';
    const run = (await chaos()).find(({ tenant }) => tenant === 'trial');
    await route.fulfill({ json: { ...run, state } });
  });
  const start = page.locator('.chaos-start');
  await start.getByLabel('租户').fill('trial');
  await start.getByRole('button').click();
  await sees(page, '以 trial 的名义');
  await page.getByRole('dialog').getByRole('button', { name: '发送' }).click();
  const report = page.locator('.chaos-report', { hasText: 'trial' });
  await report.getByRole('button', { name: '停止' }).click();
  await focusIsOn(page.getByText('运行已结束。'));
  await report.getByText('已停止').waitFor();
  // the list is asked for every second, and one that is under way when the tab closes would fail outside of the test
  await page.unrouteAll({ behavior: 'wait' });
  assert.deepEqual(
    (await chaos()).map(({ tenant }) => tenant),
    ['trial', 'chaos'],
  );
  assert.deepEqual(tab.complaints, []);
});
