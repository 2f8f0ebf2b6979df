// Users, tokens and sessions are kept from the page, and the API says the same afterwards.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sessionCookie } from '@skerry/testkit';
import type { Page } from 'playwright-core';
import { buildPage, sees } from './browser.ts';
import { lookFaults, openScene, type Scene, SITE } from './scene.ts';

let scene: Scene;

before(async () => {
  buildPage();
  scene = await openScene();
});

after(() => scene[Symbol.asyncDispose]());

interface User {
  readonly displayName: string;
  readonly grants: readonly object[];
  readonly disabled: boolean;
}

const userOf = async (name: string) => (await scene.ask('GET', `/api/v1/users/${name}`)) as User; // as the API says

/** Signs in through the page; resolves when it shows a room or says why not. */
async function signIn(name: string, password: string): Promise<string> {
  await using tab = await scene.browser.open(`${scene.url}/access/me`);
  const { page } = tab;
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('h1:has-text("Access"), .notice-bad').first().waitFor();
  return (await page.locator('.notice-bad').count()) > 0 ? 'refused' : 'in';
}

// First, so that the pictures are of the scene as it was opened.
for (const [name, path, mark] of [
  ['access-users', '/access', 'tbody tr'],
  ['access-tokens', '/access/tokens', 'tbody tr'],
  ['access-me', '/access/me', 'tbody tr'],
  ['access-check', '/access/check', '.form'],
] as const) {
  test(`${name}: axe finds nothing, the kept pictures are like it, and it fits`, async () => {
    const whole = (page: Page) => page.locator(mark).first().waitFor();
    const token = 'meter-of-hall-7';
    const isOfTokens = name === 'access-tokens';
    if (isOfTokens)
      await scene.ask('POST', '/api/v1/tokens', { name: token, grants: [{ role: 'device', ...SITE }] });
    assert.deepEqual(await lookFaults(scene, { name, path, whole }), []);
    if (isOfTokens) await scene.ask('DELETE', `/api/v1/tokens/${token}`);
  });
}

test('the top bar names the user that the first start makes in the language of the reader', async () => {
  const cookie = await sessionCookie(scene.url, scene.server.token, 'admin');
  for (const [language, name] of [
    ['zh', '管理员'],
    ['en', 'Administrator'],
  ] as const) {
    await using tab = await scene.browser.open(scene.url, { cookie, language });
    const shown = tab.page.locator('.session-name');
    await shown.waitFor();
    assert.equal(await shown.textContent(), name);
  }
});

test('access: a user is added with a role in a project, changed, kept out, and removed after a question', async () => {
  await using tab = await scene.visit('/access');
  const { page } = tab;
  await sees(page, '4 users');
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name', { exact: true }).fill('paul');
  await dialog.getByLabel('Name to be shown').fill('Paul Pump');
  await dialog.getByLabel('Password').fill('short');
  await dialog.getByLabel('Role 1', { exact: true }).selectOption('operator');
  assert.ok(await dialog.getByLabel('Project 1').isDisabled(), 'a project needs its tenant');
  await dialog.getByLabel('Tenant 1').fill(SITE.tenant);
  await dialog.getByLabel('Project 1').fill(SITE.project);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('Password').fill('paul-password-1');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await sees(page, 'paul was added.');
  await page.locator('tr', { hasText: 'Paul Pump' }).getByText('acme / plant').waitFor();
  assert.deepEqual((await userOf('paul')).grants, [{ role: 'operator', ...SITE }]);
  assert.equal(await signIn('paul', 'paul-password-1'), 'in');

  await page.getByRole('button', { name: /^Change.*paul/ }).click();
  await dialog.getByRole('button', { name: 'Add a role' }).click();
  await dialog.getByLabel('Tenant 2').fill('other');
  await dialog.getByRole('button', { name: 'Take role 1 away' }).click();
  await dialog.getByLabel('Keep from signing in').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await sees(page, 'paul was changed.');
  await page.locator('tr', { hasText: 'paul' }).getByText('Disabled').waitFor();
  assert.deepEqual((await userOf('paul')).grants, [{ role: 'viewer', tenant: 'other' }]);
  assert.equal(await signIn('paul', 'paul-password-1'), 'refused');

  const remove = page.getByRole('button', { name: /^Remove.*paul/ });
  await remove.click();
  await sees(page, 'Remove paul?');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.match(
    String(await page.evaluate('document.activeElement.textContent')),
    /paul$/,
    'the focus is back',
  );
  await remove.click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await sees(page, 'paul was removed.');
  await sees(page, '4 users');
  await assert.rejects(userOf('paul'), /404/);
});

test('access: a password is set for somebody, a link signs them in once, and the last administrator stays', async () => {
  await using tab = await scene.visit('/access', { language: 'zh' });
  const { page } = tab;
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: /^设置密码.*vera/ }).click();
  await dialog.getByLabel('新密码').fill('vera-password-2');
  await dialog.getByRole('button', { name: '保存' }).click();
  await sees(page, '已修改 vera。');
  assert.equal(await signIn('vera', 'vera-password-1'), 'refused');
  assert.equal(await signIn('vera', 'vera-password-2'), 'in');

  await page.getByRole('button', { name: /^登录链接.*olga/ }).click();
  const link = String(await dialog.locator('code').textContent());
  await dialog.getByRole('button', { name: '完成' }).click();
  await using other = await scene.browser.open(link);
  await other.page.getByRole('button', { name: 'Your session: olga' }).waitFor();

  await scene.ask('DELETE', '/api/v1/users/admin');
  await page.getByRole('button', { name: /^删除.*adam/ }).click();
  await dialog.getByRole('button', { name: '删除' }).click();
  await dialog.getByRole('alert').getByText('操作没有成功。').waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual((await userOf('adam')).grants, [{ role: 'admin' }]);
});

test('access: a token is made with a scope and an end, its secret is shown once and works, and it is revoked', async () => {
  await using tab = await scene.visit('/access/tokens');
  const { page } = tab;
  await sees(page, 'There is no token yet.');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('exporter');
  await dialog.getByLabel('It is good for').selectOption('week');
  await dialog.getByLabel('Tenant 1').fill(SITE.tenant);
  await dialog.getByRole('button', { name: 'Make it' }).click();
  await sees(page, 'This is the only time it is shown.');
  const secret = String(await dialog.locator('code').textContent());
  await dialog.getByRole('button', { name: 'Done' }).click();
  const asToken = (path: string) =>
    fetch(scene.url + path, { headers: { authorization: `Bearer ${secret}` } }).then(({ status }) => status);
  assert.equal(await asToken('/api/v1/devices'), 200);
  assert.equal(await asToken('/api/v1/users'), 403);
  const row = page.locator('tr', { hasText: 'exporter' });
  await row.getByText('Viewer acme').waitFor();
  await row.getByText('never').waitFor();
  assert.ok(!(await page.content()).includes(secret), 'the secret is not in the page any more');
  const [token] = ((await scene.ask('GET', '/api/v1/tokens')) as { items: readonly { expires: string }[] })
    .items; // as the API says
  const days = (Date.parse(String(token?.expires)) - Date.now()) / 86_400_000;
  assert.ok(days > 6.9 && days <= 7, `${days} days`);
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await sees(page, 'exporter was revoked.');
  assert.equal(await asToken('/api/v1/devices'), 401);
  assert.deepEqual(tab.complaints, []);
});

test('access: one ends a session of oneself elsewhere, and changes the own password', async () => {
  await scene.ask('POST', '/api/v1/users', {
    name: 'sara',
    grants: [{ role: 'viewer' }],
    password: 'sara-password-1',
  });
  const enter = async (page: Page, password: string) => {
    await page.getByLabel('User name').fill('sara');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await using here = await scene.browser.open(`${scene.url}/access`);
  await using there = await scene.browser.open(`${scene.url}/access`);
  await enter(here.page, 'sara-password-1');
  await enter(there.page, 'sara-password-1');
  await here.page.locator('tr', { hasText: 'this one' }).waitFor();
  await there.page.locator('tr', { hasText: 'this one' }).waitFor();
  assert.deepEqual(await here.page.locator('.tabs a').allTextContents(), ['My sign-in', 'Who may do what']);
  await here.page.reload();
  await here.page.locator('tbody tr').nth(1).waitFor();
  await here.page
    .locator('tbody tr', { hasNotText: 'this one' })
    .getByRole('button', { name: /^End/ })
    .click();
  await here.page.getByRole('dialog').getByRole('button', { name: 'End' }).click();
  await sees(here.page, 'The session was ended.');
  await there.page.reload();
  await there.page.getByLabel('User name').waitFor();

  const { page } = here;
  await page.getByLabel('Current password').fill('wrong');
  await page.getByLabel('New password', { exact: true }).fill('sara-password-2');
  await page.getByLabel('New password again').fill('sara-password-3');
  await sees(page, 'The two are different.');
  await page.getByLabel('New password again').fill('sara-password-2');
  await page.getByRole('button', { name: 'Change password' }).click();
  await sees(page, 'This could not be done.');
  await page.getByLabel('Current password').fill('sara-password-1');
  await page.getByRole('button', { name: 'Change password' }).click();
  await sees(page, 'Your password was changed.');
  await enter(there.page, 'sara-password-2');
  await there.page.getByRole('heading', { name: 'Access' }).waitFor();
});

test('access: the page asks who may do what, as the authorizer answers, in both languages', async () => {
  await using tab = await scene.visit('/access/check');
  const { page } = tab;
  const ask = async () => page.getByRole('button', { name: 'Ask' }).click();
  await page.getByLabel('Who').selectOption('user');
  await page.getByLabel('Name', { exact: true }).selectOption('vera');
  await page.getByLabel('Tenant').fill(SITE.tenant);
  await page.getByLabel('Project').fill(SITE.project);
  await ask();
  await sees(page, 'Yes: vera may see devices and values in acme / plant.');
  await page.getByLabel('Project').fill('other');
  await ask();
  await sees(page, 'No: vera may not see devices and values in acme / other.');
  await page.getByLabel('Who').selectOption('me');
  await page.getByLabel('Tenant').fill('');
  await page.getByLabel('may do').selectOption('access:change');
  await ask();
  await sees(page, 'Yes: you may change users and tokens everywhere.');
  await using viewer = await scene.visit('/access/check', { role: 'operator', language: 'zh' });
  await viewer.page.getByLabel('操作').selectOption('access:change');
  await viewer.page.getByRole('button', { name: '查询' }).click();
  await sees(viewer.page, '不可以：您不能在全部范围管理用户和令牌。');
  assert.deepEqual([...tab.complaints, ...viewer.complaints], []);
});
