/** Where topics name their tenant, from one topic template. Plain: it crosses threads. */
export interface TenantPlace {
  /** Levels that such a topic begins with. */
  readonly prefix: readonly string[];
  /** Index of the level that is the tenant, or the tenant of all such topics. */
  readonly tenant: number | string;
}

/** The tenant on whose account a retained message on a topic is; empty for a topic that names none. */
export function tenantAt(places: readonly TenantPlace[], topic: string): string {
  const levels = topic.split('/');
  const place = places.find(({ prefix }) => prefix.every((level, at) => levels[at] === level));
  if (place === undefined) return '';
  return typeof place.tenant === 'string' ? place.tenant : (levels[place.tenant] ?? '');
}
