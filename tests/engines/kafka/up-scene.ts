import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalMemory } from '@skerry/journal/kafka';
import type { ServerOptions, ServerProcess } from '@skerry/testkit';
import type { Kafka } from '@skerry/testkit/engines';
import { pointsOf } from '../../e2e/proof.ts';
import { WireClient } from '../../e2e/wire-client.ts';

let count = 0;

/** A data folder and a topic of their own. */
export function aPlace(
  kafka: Kafka,
  folder: string,
): Pick<ServerOptions, 'dataDir' | 'env'> & { readonly topic: string } {
  const topic = `journal-${++count}`;
  return {
    topic,
    dataDir: join(folder, topic),
    env: {
      SKERRY_JOURNAL_ENGINE: 'kafka',
      SKERRY_JOURNAL_TOPIC: topic,
      SKERRY_KAFKA_BROKERS: kafka.brokers.join(','),
      SKERRY_PIPELINE_SEAL_AFTER_SECS: '1',
    },
  };
}

/** What is kept on disk beside the topic. */
export function memoryOf(dataDir: string): JournalMemory {
  return JSON.parse(readFileSync(join(dataDir, 'journal', 'kafka.json'), 'utf8')).state;
}

/** The devices whose messages are numbered. */
export const DEVICES = ['a', 'b', 'c', 'd'];

/** Numbered messages of some devices, each by its own ids. */
export class Numbers {
  readonly #project: string;
  #next = 0;

  constructor(project: string) {
    this.#project = project;
  }

  get sent(): number {
    return this.#next;
  }

  topicOf(device: string): string {
    return `iot/acme/${this.#project}/${device}/telemetry`;
  }

  /** Publishes the numbers from `from` on, of every device. */
  publish(client: WireClient, numbers: number, from = this.#next): void {
    for (let seq = from; seq < from + numbers; seq++)
      for (const device of DEVICES)
        client.publish(this.topicOf(device), JSON.stringify({ epoch: 'one', seq, v: seq }));
    this.#next = Math.max(this.#next, from + numbers);
  }

  /** Every number of every device is stored, once and in order. */
  async assertStored(server: ServerProcess): Promise<void> {
    for (const device of DEVICES) {
      const points = await pointsOf(server, { tenant: 'acme', project: this.#project, device, metric: 'v' });
      assert.deepEqual(
        points.map(({ value }) => value),
        Array.from({ length: this.#next }, (_, i) => i),
        device,
      );
    }
  }
}

/** What is retained on a topic, as a new subscriber is told. */
export async function retainedOn(server: ServerProcess, topic: string): Promise<string> {
  using client = await WireClient.join(server.mqttPort, 'looker');
  const options = { isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  client.send({ type: 'subscribe', packetId: 1, topics: [{ filter: topic, qos: 0, ...options }] });
  return Buffer.from((await client.first('publish')).payload).toString();
}
