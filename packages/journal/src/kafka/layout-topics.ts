import { clusterTopics } from './cluster-topics.ts';
import type { KafkaClient, KafkaTopic } from './kafka-client.ts';
import { DEAD_LETTER_TOPIC, type TopicLayout } from './topic-layout.ts';
import { deadLetterWish, ensureTopics, type TopicWish } from './topics.ts';

/** The topics of a layout that a cluster has, that of the dead letters among them. */
export interface LayoutTopics {
  /** Those that are there from the start first, then those of projects, as many as the quota allows: those that were read before, whatever their number, then by name. */
  readonly topics: readonly KafkaTopic[];
  /** Names beyond the quota: nobody reads them. */
  readonly beyond: readonly string[];
}

/** The topics of a layout that there are now, made by whomever; `read`: names of those that somebody has read from before. Makes none. Fails with the `kafka-` codes. */
export async function layoutTopics(
  client: KafkaClient,
  layout: TopicLayout,
  read: Pick<ReadonlySet<string>, 'has'>,
): Promise<LayoutTopics> {
  const fixed = fixedOf(layout);
  const found = await clusterTopics(client, layout.isByProject ? undefined : fixed);
  const known = new Map(found.map((topic) => [topic.name, topic]));
  const own = fixed.flatMap((name) => known.get(name) ?? []);
  const ofProjects = found
    .filter(({ name }) => layout.projectOf(name) !== undefined)
    .sort((a, b) => Number(read.has(b.name)) - Number(read.has(a.name)) || (a.name < b.name ? -1 : 1));
  const most = Math.max(layout.topicsMax, ofProjects.filter(({ name }) => read.has(name)).length);
  return {
    topics: [...own, ...ofProjects.slice(0, most)],
    beyond: ofProjects.slice(most).map(({ name }) => name),
  };
}

/** As `layoutTopics`, and those that are there from the start are made where they are missing. */
export async function readyLayoutTopics(
  client: KafkaClient,
  layout: TopicLayout,
  read: Pick<ReadonlySet<string>, 'has'>,
  wish: Omit<TopicWish, 'name'>,
): Promise<LayoutTopics> {
  const found = await layoutTopics(client, layout, read);
  const missing = fixedOf(layout).filter((name) => !found.topics.some((topic) => topic.name === name));
  if (missing.length === 0) return found;
  await ensureTopics(
    client,
    missing.map((name) => (name === DEAD_LETTER_TOPIC ? deadLetterWish(wish) : { ...wish, name })),
  );
  return layoutTopics(client, layout, read);
}

function fixedOf(layout: TopicLayout): string[] {
  return [...layout.fixedTopics, DEAD_LETTER_TOPIC];
}
