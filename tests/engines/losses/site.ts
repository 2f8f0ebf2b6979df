// A gateway and a writer as processes between a real mosquitto, Kafka and PostgreSQL, and questions to what they stored.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Engine,
  freePorts,
  type Kafka,
  type Postgres,
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { allOwned, RoleProcess } from '@skerry/testkit/stack';
import { until } from '../../e2e/condition.ts';
import { BUSY, siteOf } from '../gateway/scene.ts';

/** A site with one gateway and one writer; disposing ends all of it. */
export class Site implements AsyncDisposable {
  readonly kafka: Kafka;
  readonly mosquitto: Engine;
  readonly postgres: Postgres;
  readonly gateway: RoleProcess;
  readonly writer: RoleProcess;
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Site, 'kafka' | 'mosquitto' | 'postgres' | 'gateway' | 'writer'>,
    stack: AsyncDisposableStack,
  ) {
    this.kafka = parts.kafka;
    this.mosquitto = parts.mosquitto;
    this.postgres = parts.postgres;
    this.gateway = parts.gateway;
    this.writer = parts.writer;
    this.#stack = stack;
  }

  /** Starts everything; resolves when the gateway has subscribed. `more`: sections of the configuration of both. */
  static async start(more: { readonly source?: object; readonly routing?: object } = {}): Promise<Site> {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'skerry-losses-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const [kafka, mosquitto, postgres] = await allOwned<[Kafka, Engine, Postgres]>(stack, [
      startKafka(),
      startMosquitto({ lines: BUSY }),
      startPostgres(),
    ]);
    const config = {
      ...siteOf(mosquitto, kafka, { ...more, kafka: { partitions: 2 }, postgres: { url: postgres.url() } }),
      ...(more.routing ? { routing: more.routing } : {}),
    };
    const ports = await freePorts(2);
    const start = (role: 'gateway' | 'writer') =>
      RoleProcess.start({ role, folder: join(folder, role), config, httpPort: Number(ports.pop()) });
    const roles = [start('gateway'), start('writer')] as const;
    const [gateway, writer] = await allOwned<[RoleProcess, RoleProcess]>(stack, roles);
    await until('the gateway to subscribe', () => gateway.text.includes('event=subscribed'));
    return new Site({ kafka, mosquitto, postgres, gateway, writer }, stack.move());
  }

  /** What PostgreSQL answers, in the schema of the store. */
  async sql(text: string): Promise<string> {
    return (await this.postgres.sql(`SET search_path = skerry; ${text}`)).replace(/^SET\n/, '');
  }

  /** Resolves when a question has an answer. */
  async answers(question: string, wanted: string, mostMs = 60_000): Promise<void> {
    let last = '';
    await until(
      `${question} to be ${wanted}`,
      async () => {
        last = await this.sql(question).catch(String); // it may be away
        return last === wanted;
      },
      mostMs,
      () => `${last}\n${this.writer.text.slice(-2_000)}\n${this.gateway.text.slice(-2_000)}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
