import { type Clock, createMeter, type Logger, type Random } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset } from '../journal.ts';
import { readBatch } from '../record-reader.ts';
import { HeaderList } from './header-list.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import { openKafkaPartition } from './kafka-partition.ts';
import { baseAt } from './partition-count.ts';
import { listBounds } from './partition-ends.ts';
import { RecordProducer } from './record-producer.ts';
import { RecordSetWriter } from './record-set-writer.ts';
import { Retry } from './retry.ts';
import { COMMAND_TOPIC, TopicLayout } from './topic-layout.ts';
import { ensureTopics, type TopicWish } from './topics.ts';

const HOUR_MS = 3_600_000;
const READ_BYTES = 2 ** 16;
const COMMANDS_WAITING = 1_000;
const SEND_MS = 10_000;

/** A request of a writer to gateways (docs/formats/kafka.md). */
export interface GatewayCommand {
  readonly command: 'rebirth';
  /** Names of Sparkplug. */
  readonly group: string;
  readonly node: string;
  /** Journal of the gateway that is meant; every one where it is absent. */
  readonly gateway?: string;
}

/** What commands go with. */
export interface CommandNeeds {
  readonly client: KafkaClient;
  readonly clock: Clock;
  readonly random: Pick<Random, 'float'>;
  readonly logger: Logger;
}

/** The topic of commands, beside what others are made like: they are worth nothing an hour later. */
export function commandWish(wish: Omit<TopicWish, 'name'>): TopicWish {
  return { ...wish, name: COMMAND_TOPIC, partitions: 1, retentionMs: HOUR_MS };
}

/** Puts commands into Kafka. One that Kafka does not take in time is given up: it is wanted again with the next record. */
export class CommandSender implements AsyncDisposable {
  readonly #needs: CommandNeeds;
  readonly #client: KafkaClient;
  readonly #producer: RecordProducer;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(wish: Omit<TopicWish, 'name'>, needs: CommandNeeds) {
    this.#needs = needs;
    this.#client = needs.client.fork();
    this.#producer = new RecordProducer(this.#client, {
      onWaiting: () => undefined,
      makeTopic: async () => void (await ensureTopics(this.#client, [commandWish(wish)])),
    });
  }

  /** Takes a command on; false when too many wait. */
  send(command: GatewayCommand): boolean {
    if (this.#waiting >= COMMANDS_WAITING) return false;
    this.#waiting++;
    this.#last = this.#last.then(() => this.#send(command)).finally(() => this.#waiting--);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#client[Symbol.asyncDispose]();
  }

  async #send(command: GatewayCommand): Promise<void> {
    const { clock, logger } = this.#needs;
    const bytes = new TextEncoder().encode(JSON.stringify(command));
    const writer = new RecordSetWriter();
    const value = { bytes, start: 0, end: bytes.length };
    writer.add(Math.floor(clock.nowMicros() / 1_000), undefined, value, new HeaderList());
    const set = writer.close();
    if (!set) return;
    const patience = new AbortController();
    using _timer = clock.startTimer(SEND_MS, () => patience.abort());
    try {
      await this.#producer.send([{ topic: COMMAND_TOPIC, partition: 0, set }], patience.signal);
    } catch (error) {
      const { message: reason } = kafkaFault('send a command to gateways', error);
      logger.log('warn', 'A command to gateways is given up', { reason });
    }
  }
}

/** Hands over the commands that come from now on, with their time, until `signal` is aborted; Kafka may be away. */
export async function followCommands(
  wish: Omit<TopicWish, 'name'>,
  needs: CommandNeeds,
  onCommand: (command: GatewayCommand, sentMicros: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const retry = new Retry(needs);
  while (!signal.aborted) {
    try {
      await ensureTopics(needs.client, [commandWish(wish)]);
      await follow(needs, onCommand, signal, () => retry.reset());
    } catch (error) {
      // what keeps Kafka away is told by the uplink; a topic that was made anew is opened anew
      if (!(error instanceof JournalError)) throw error;
    }
    await retry.pause(signal);
  }
}

async function follow(
  { client, clock, random, logger }: CommandNeeds,
  onCommand: (command: GatewayCommand, sentMicros: number) => void,
  signal: AbortSignal,
  onRead: () => void,
): Promise<void> {
  const { end } = await listBounds(client, COMMAND_TOPIC, 0);
  const place = { topic: COMMAND_TOPIC, partition: 0, layout: new TopicLayout(), base: baseAt(end) };
  // how far it is behind says nothing to anybody
  const meter = createMeter();
  await using partition = await openKafkaPartition(place, { client, clock, random, logger, meter });
  for (let at: Offset = end; !signal.aborted; ) {
    await partition.waitBeyond(at, signal);
    for (const batch of signal.aborted ? [] : await partition.read(at, READ_BYTES)) {
      const record = readBatch(batch);
      while (record.next()) {
        if (record.offset < at) continue;
        const command = commandOf(record.payload);
        if (command) onCommand(command, record.receivedMicros);
      }
      at = batch.firstOffset + batch.count;
      onRead();
    }
  }
}

/** What another build, or anybody else, has put there is passed over. */
function commandOf(payload: Uint8Array): GatewayCommand | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null) return undefined;
  const { command, group, node, gateway } = found as Record<string, unknown>; // an object, just looked at
  if (command !== 'rebirth' || !isLevel(group) || !isLevel(node)) return undefined;
  return { command, group, node, ...(typeof gateway === 'string' ? { gateway } : {}) };
}

/** One level of a topic, without wildcards. */
function isLevel(text: unknown): text is string {
  return typeof text === 'string' && /^[^/+#]{1,200}$/.test(text);
}
