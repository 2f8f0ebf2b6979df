import type {
  PartitionEntry,
  RoleEntry,
  SinkEntry,
  SitePlatform,
  SourceEntry,
} from '../rooms/site/site-platform.ts';

type Partitions = Awaited<ReturnType<SitePlatform['partitions']>>;

/** A site as a test states it; nothing of it unless it does. */
export class MemorySite implements SitePlatform {
  items: RoleEntry[] = [];
  ranges: PartitionEntry[] = [];
  trouble: Partitions['trouble'];
  stores: SinkEntry[] = [];
  brokers: SourceEntry[] = [];

  async roles(): ReturnType<SitePlatform['roles']> {
    return { items: this.items, silentAfterMs: 10_000 };
  }

  async partitions(): Promise<Partitions> {
    return { items: this.ranges, trouble: this.trouble };
  }

  async sinks(): ReturnType<SitePlatform['sinks']> {
    return this.stores;
  }

  async sources(): ReturnType<SitePlatform['sources']> {
    return this.brokers;
  }
}
