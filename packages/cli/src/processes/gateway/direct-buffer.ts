import { type AppendRefusal, RecordAppender, type RecordInput } from '@skerry/journal';
import type { Uplink } from '@skerry/journal/kafka';
import { MemoryJournal } from '@skerry/journal/memory';
import { DIRECT_LEAST } from '../../config/role-rules.ts';
import { LIMITS } from '../../limits.ts';
import type { IngressNeeds } from '../platform-ingress.ts';
import type { AcknowledgingBuffer, AcknowledgingNeeds } from './acknowledging-buffer.ts';

/**
 * Opens a buffer in memory, whose messages are durable when Kafka has acknowledged them: for clusters that keep what they
 * acknowledge through the loss of a machine. While Kafka is away the brokers keep the messages. A gateway that is killed
 * takes in again what Kafka may have already, under another origin. The stack ends it.
 */
export function openDirectBuffer(
  needs: AcknowledgingNeeds,
  stack: AsyncDisposableStack,
): AcknowledgingBuffer {
  const { clock, random, meter } = needs;
  const journal = stack.use(
    new MemoryJournal({ clock, random }, { journalBytesMax: LIMITS.directBufferBytes.value }),
  );
  const inner = new RecordAppender(
    (batch) => journal.append(batch),
    { clock, meter },
    { endOfTurn: setImmediate },
  );
  const failed = new Promise<never>((_, reject) => inner.onFailed(reject));
  failed.catch(() => undefined); // whoever awaits it is told
  const appender = new SentAppender(inner);
  return {
    journal,
    positionFile: undefined,
    least: DIRECT_LEAST,
    appender,
    failed,
    sentBy: (uplink) => {
      uplink.onPosition((position) => {
        appender.sent(position);
        void journal.trim();
      });
      appender.follow(uplink);
    },
    flush: () => appender.flush(),
    metrics: async () => [],
  };
}

/** An appender whose records are durable when they are sent. */
class SentAppender {
  readonly #appender: RecordAppender;
  #uplink: Uplink | undefined;
  #position = 0;
  #listener: (count: number, end: number) => void = () => undefined;

  constructor(appender: RecordAppender) {
    this.#appender = appender;
  }

  /** Whose positions these are. */
  follow(uplink: Uplink): void {
    this.#uplink = uplink;
  }

  project(tenant: string, project: string): number {
    return this.#appender.project(tenant, project);
  }

  add(input: RecordInput): void {
    this.#appender.add(input);
  }

  refusal(): AppendRefusal | undefined {
    return this.#appender.refusal();
  }

  onResume(listener: () => void): void {
    this.#appender.onResume(listener);
  }

  onDurable(listener: Parameters<IngressNeeds['appender']['onDurable']>[0]): void {
    this.#listener = listener;
  }

  /** Everything below the position is in Kafka. */
  sent(position: number): void {
    const count = position - this.#position;
    // what Kafka has lost is sent again, and was acknowledged before
    if (count <= 0) return;
    this.#position = position;
    this.#listener(count, position);
  }

  /** Resolves when everything that was added is in Kafka. */
  async flush(): Promise<void> {
    await this.#appender.flush();
    await this.#uplink?.flush();
  }
}
