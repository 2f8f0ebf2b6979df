import { type PostgresPool, sourcesOf } from '@skerry/series/postgres';

/** Topics that records were read from before, by the sources of the database. Fails as the pool does. */
export async function readTopics(pool: PostgresPool): Promise<ReadonlySet<string>> {
  return topicsOf(await sourcesOf(pool));
}

/** Topics of sources, by their labels (`topic/partition`). */
export function topicsOf(sources: readonly { readonly label: string }[]): ReadonlySet<string> {
  return new Set(sources.map(({ label }) => label.slice(0, label.lastIndexOf('/'))));
}
