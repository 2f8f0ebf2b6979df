import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher } from '@skerry/mqtt';
import { ServerProcess, type SessionCookie, sessionCookie } from '@skerry/testkit';
import type { Page } from 'playwright-core';
import {
  findingsInBothThemes,
  misfits,
  openBrowser,
  openTogether,
  type Tab,
  type Visit,
  type Visitors,
} from './browser.ts';
import { pictureFault } from './pictures.ts';

/** A user of each role of the scene; the viewer sees one project only. */
export const PEOPLE = { admin: 'adam', operator: 'olga', viewer: 'vera' } as const;
/** Where the scene's devices belong. */
export const SITE = { tenant: 'acme', project: 'plant' };
/** Their topics, up to the name of the device. */
export const SITE_TOPICS = `iot/${SITE.tenant}/${SITE.project}`;

/** The real server with two devices, one dead letter and a user of each role, and a browser to visit it. */
export interface Scene extends AsyncDisposable {
  readonly server: ServerProcess;
  readonly url: string;
  readonly browser: Visitors;
  /** Opens a page as the user of a role; as the administrator where none is named. */
  visit(path: string, as?: Visit & { readonly role?: keyof typeof PEOPLE }): Promise<Tab>;
  /** Publishes messages without a name, as anybody on this machine may. */
  publish(...messages: readonly (readonly [topic: string, payload: string | Uint8Array])[]): Promise<void>;
  /** Asks the API with the rights of the machine; the answer's body. */
  ask(method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: object): Promise<unknown>;
}

/** Starts server and browser. */
export async function openScene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'skerry-scene-'));
  stack.defer(() => rmSync(dataDir, { recursive: true }));
  const [server, browser] = await openTogether(ServerProcess.start({ dataDir, env }), openBrowser());
  stack.use(server);
  stack.use(browser);
  const url = `http://127.0.0.1:${server.httpPort}`;
  const ask: Scene['ask'] = async (method, path, body) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        'x-skerry-request': '1',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
  const publish: Scene['publish'] = async (...messages) => {
    const needs = { clock: nodeClock(), random: nodeRandom(), net: nodeNet() };
    const address = { host: '127.0.0.1', port: server.mqttPort };
    await using publisher = await openPublisher({ address, clientId: 'scene' }, needs);
    for (const [topic, payload] of messages) publisher.publish(topic, Buffer.from(payload));
    await publisher.drained();
  };
  await publish(
    [`${SITE_TOPICS}/pump-1/telemetry`, '{"temperature": 20.5, "flow": 12}'],
    [`${SITE_TOPICS}/pump-2/telemetry`, '{"temperature": 300, "flow": 13}'],
    [`${SITE_TOPICS}/pump-2/telemetry`, Uint8Array.of(0xff, 0x41)],
  );
  await server.quiet();
  for (const [role, name] of Object.entries(PEOPLE)) {
    const grants = role === 'viewer' ? [{ role, ...SITE }] : [{ role }];
    await ask('POST', '/api/v1/users', { name, grants, password: `${name}-password-1` });
  }
  const cookies = new Map<string, SessionCookie>();
  for (const [role, name] of Object.entries(PEOPLE))
    cookies.set(role, await sessionCookie(url, server.token, name));
  const kept = stack.move();
  return {
    server,
    url,
    browser,
    ask,
    publish,
    visit: (path, { role = 'admin', ...as } = {}) => {
      const cookie = cookies.get(role);
      return browser.open(url + path, { ...(cookie ? { cookie } : {}), ...as });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A page of the scene, and what of it is there when it is whole. */
export interface Look {
  /** Name of its kept pictures. */
  readonly name: string;
  readonly path: string;
  readonly whole: (page: Page) => Promise<unknown>;
}

/**
 * What is wrong with how a page looks: findings of axe and differences from the kept picture in both languages and
 * themes, what does not fit at 1,280, 640 (200 % zoom) and 390 pixels with long and with Chinese texts, and complaints
 * of the browser.
 */
export async function lookFaults(scene: Scene, { name, path, whole }: Look): Promise<string[]> {
  const blank = await scene.browser.blank();
  const faults: string[] = [];
  for (const [language, theme] of [
    ['en', 'light'],
    ['zh', 'dark'],
  ] as const) {
    await using tab = await scene.visit(path, { language, theme });
    await whole(tab.page);
    await tab.page.locator('.connection-live').waitFor();
    const fault = await pictureFault(tab.page, blank, `${name}-${theme}`);
    if (fault !== undefined) faults.push(fault);
    const findings = await findingsInBothThemes(tab.page, theme);
    faults.push(...findings.map((finding) => `${language} ${finding}`));
    faults.push(...tab.complaints);
  }
  for (const language of ['pseudo', 'zh'] as const) {
    await using tab = await scene.visit(path, { language });
    await whole(tab.page);
    faults.push(...(await misfits(tab.page)).map((part) => `${language} ${part}`));
  }
  await blank.close();
  return faults;
}
