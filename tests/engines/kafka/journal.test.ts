import { after } from 'node:test';
import { type KafkaJournal, openKafkaJournal, TopicLayout } from '@skerry/journal/kafka';
import { aBatch, type JournalHarness, journalCompliance } from '@skerry/journal/testing';
import { startKafka } from '@skerry/testkit/engines';
import { aClient, aTopic, tools } from './scene.ts';

const RECORDS_MAX = 100;
/** As much as may wait for Kafka; one append of it is full. */
const WAITING_BYTES = 60_000;
const kafka = await startKafka();
after(() => kafka[Symbol.asyncDispose]());

journalCompliance('KafkaJournal', async (): Promise<JournalHarness> => {
  const needs = tools();
  const client = await aClient(kafka, needs);
  const topic = await aTopic(client, { partitions: 1 });
  const options = { topic, partition: 0, layout: new TopicLayout({ topic }) };
  const limits = { recordsMax: RECORDS_MAX, unresolvedBytesMax: WAITING_BYTES, markRecords: 5 };
  const journal = await openKafkaJournal({ ...options, ...limits }, { ...needs, client });
  return new Harness(journal, async () => {
    await journal[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
  });
});

/** Full is a journal on Kafka while the broker does not answer. */
class Harness implements JournalHarness {
  readonly underWay = 1;
  readonly journal: JournalHarness['journal'];
  readonly #journal: KafkaJournal;
  readonly #end: () => Promise<void>;
  #filler: Promise<unknown> | undefined;

  constructor(journal: KafkaJournal, end: () => Promise<void>) {
    this.journal = this.#journal = journal;
    this.#end = end;
  }

  async fill(): Promise<void> {
    await kafka.freeze();
    this.#filler = this.#journal.append(aBatch({ payload: 'x'.repeat(WAITING_BYTES) }));
  }

  async makeRoom(): Promise<void> {
    kafka.thaw();
    await this.#filler;
  }

  async grow(): Promise<void> {
    for (let i = 0; i < 10; i++)
      await this.#journal.append(aBatch(...Array.from({ length: RECORDS_MAX / 10 }, () => ({}))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.makeRoom();
    await this.#end();
  }
}
