import { type KafkaClient, readyLayoutTopics, type TopicLayout } from '@skerry/journal/kafka';
import type { Logger } from '@skerry/kernel';
import type { PostgresPool } from '@skerry/series/postgres';
import type { SkerryConfig } from '../../config/schema.ts';
import { LIMITS } from '../../limits.ts';
import { topicWishOf } from '../kafka-way.ts';
import { readTopics } from './read-topics.ts';

const FIXED_EVERY_MS = 30_000;
const TOLD = 3;

/** What the topics of a writer are looked up with. */
export interface WriterTopicsNeeds {
  readonly client: KafkaClient;
  readonly pool: PostgresPool;
  readonly logger: Logger;
}

/** The topics that writers share out: those of the layout, which may come with each new project, and the dead letters. */
export class WriterTopics {
  /** How often they are looked for. */
  readonly everyMs: number;
  readonly #config: Pick<SkerryConfig, 'kafka'>;
  readonly #layout: TopicLayout;
  readonly #needs: WriterTopicsNeeds;
  #beyond: readonly string[] = [];
  /** Topics that the database knows as sources, as last asked. */
  #read: ReadonlySet<string> = new Set();

  constructor(config: Pick<SkerryConfig, 'kafka'>, layout: TopicLayout, needs: WriterTopicsNeeds) {
    this.#config = config;
    this.#layout = layout;
    this.#needs = needs;
    this.everyMs = layout.isByProject ? LIMITS.projectTopicsEveryMs.value : FIXED_EVERY_MS;
  }

  /** The count of partitions of each, asked for anew; topics that come with no project are made where they are missing. Fails with the `kafka-` codes. */
  async counts(): Promise<ReadonlyMap<string, number>> {
    const { client, pool, logger } = this.#needs;
    // a database that is away takes nothing in either
    if (this.#layout.isByProject) this.#read = await readTopics(pool).catch(() => this.#read);
    const wish = topicWishOf(this.#config);
    const { topics, beyond } = await readyLayoutTopics(client, this.#layout, this.#read, wish);
    if (beyond.length > this.#beyond.length)
      logger.log('error', 'Topics of projects are not read: kafka.topicsMax is reached', {
        topicsMax: this.#layout.topicsMax,
        beyond: beyond.length,
        first: beyond[0],
      });
    this.#beyond = beyond;
    return new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
  }

  /** Topics that nobody reads, in words. */
  reasons(): { readonly code: string; readonly detail: string }[] {
    const { length } = this.#beyond;
    if (length === 0) return [];
    const names = this.#beyond.slice(0, TOLD).join(', ');
    const detail = `found ${length} topics of projects beyond kafka.topicsMax ${this.#layout.topicsMax} (${names}${length > TOLD ? ', …' : ''}), wanted a higher kafka.topicsMax, or fewer topics: nobody reads them`;
    return [{ code: 'topic-quota', detail }];
  }
}
