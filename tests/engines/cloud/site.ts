import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import type { LedgerReport } from '@skerry/model';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import { type RoleProcess, type Stack, type StackOptions, startStack } from '@skerry/testkit/stack';

/** Tenant and project of what these tests publish. */
export const TENANT = '1900000000000000001';
export const PROJECT = '1900000000000000003';

/** A larger site on real engines, as its users meet it. */
export class Site implements AsyncDisposable {
  readonly stack: Stack;
  readonly #folder: string;

  private constructor(stack: Stack, folder: string) {
    this.stack = stack;
    this.#folder = folder;
  }

  /** Starts one and waits until every role is ready and every writer has its share of the partitions. */
  static async start(
    options: Omit<StackOptions, 'folder' | 'partitions'> & { readonly partitions: number },
  ): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), 'skerry-cloud-test-'));
    const stack = await startStack({ ...options, folder });
    const site = new Site(stack, folder);
    const roles = [...stack.gateways, ...stack.writers];
    await site.until('all roles are ready', async () =>
      (await Promise.all(roles.map((one) => one.reasons()))).every((reasons) => reasons?.length === 0),
    );
    // with that of the dead letters; the first writer has all of them until the others have come
    const all = options.partitions + 1;
    await site.until('every writer has its share', async () => {
      const text = await site.sql('SELECT count(*) FROM skerry.sources GROUP BY owner');
      const shares = text.split('\n').map(Number);
      const isEven = Math.max(...shares) - Math.min(...shares) <= 1;
      return (
        shares.length === stack.writers.length && isEven && shares.reduce((sum, one) => sum + one) === all
      );
    });
    return site;
  }

  /** Resolves when the question has the answer; the clock of the suite bounds it. */
  async until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
    const clock = nodeClock();
    let last: unknown;
    for (let tries = 0; tries < 1_200; tries++) {
      try {
        if (await isTrue()) return;
        last = undefined;
      } catch (fault) {
        last = fault;
      }
      await clock.sleep(50);
    }
    throw new TypeError(`It did not come about: ${what}.`, { cause: last });
  }

  /** Publishes at QoS 1 and waits for the acknowledgements. */
  async publish(messages: Iterable<readonly [device: string, payload: string]>): Promise<void> {
    await using sender = await this.#publisher();
    for (const [device, payload] of messages) {
      await sender.room();
      sender.publish(`mtic/msg/client/realtime/${TENANT}/${PROJECT}/${device}`, Buffer.from(payload));
    }
    await sender.drained();
  }

  /** One value, rows by lines and columns by `|`. */
  sql(text: string): Promise<string> {
    return this.stack.postgres.sql(text);
  }

  /** Asks a cloud as whoever may read its data folder; fails with an assertion when the status is not this one. */
  async ask(
    path: string,
    init: RequestInit = {},
    { role = this.stack.cloud, status = 200 } = {},
  ): Promise<unknown> {
    const response = await fetch(`${role.url}${path}`, { ...init, headers: this.#headers(role, init) });
    const text = await response.text();
    assert.equal(response.status, status, `${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** The cloud's ledger. */
  async ledger(): Promise<LedgerReport> {
    return (await this.ask('/api/v1/ledger')) as LedgerReport; // as the API describes it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #headers({ dataDir }: RoleProcess, { headers }: RequestInit): Record<string, string> {
    const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
    const given = Object.fromEntries(new Headers(headers).entries());
    return { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...given };
  }

  #publisher(): Promise<Publisher> {
    const address = { host: '127.0.0.1', port: this.stack.mosquitto.port };
    return openPublisher(
      { address, clientId: 'park' },
      { clock: nodeClock(), random: nodeRandom(), net: nodeNet() },
    );
  }
}
