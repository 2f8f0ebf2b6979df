import type { listDevices } from '../../generated/client.ts';

/** What the server is asked for. */
export type ListQuery = NonNullable<Parameters<typeof listDevices>[0]>;

/** Ages by which the list can be narrowed; none is any age. */
export const AGES = {
  live: { seenFrom: 'now-30s' },
  recent: { seenFrom: 'now-5m', seenBefore: 'now-30s' },
  quiet: { seenFrom: 'now-1d', seenBefore: 'now-5m' },
  silent: { seenBefore: 'now-1d' },
  stale: { seenBefore: 'now-5m' },
} as const satisfies Readonly<Record<string, Pick<ListQuery, 'seenFrom' | 'seenBefore'>>>;

/** Columns the list can be ordered by, as the address names them. */
export const SORTS = { device: 'device', 'last-seen': 'lastSeen', metrics: 'metrics' } as const;

/** A column the list can be ordered by. */
export type Sort = keyof typeof SORTS;

/** Members of the address that are a filter. */
export const FILTER_NAMES = ['search', 'tenant', 'project', 'fresh'] as const;

/** A narrowing of the list, as the address holds it: empty members narrow nothing. */
export type Filter = Readonly<Record<(typeof FILTER_NAMES)[number], string>>;

/** The filter of an address. */
export function readFilter(query: URLSearchParams): Filter {
  const read = (name: string) => query.get(name) ?? '';
  return { search: read('search'), tenant: read('tenant'), project: read('project'), fresh: read('fresh') };
}

/** The order of an address: by name unless it says otherwise. */
export function readOrder(query: URLSearchParams): { readonly sort: Sort; readonly isDescending: boolean } {
  const sort = query.get('sort') ?? '';
  return { sort: isSort(sort) ? sort : 'device', isDescending: query.get('order') === 'desc' };
}

/** Whether a filter narrows anything. */
export function isNarrow(filter: Filter): boolean {
  return FILTER_NAMES.some((name) => filter[name] !== '');
}

/** The filter as the API takes it. */
export function narrowingOf(filter: Filter): ListQuery {
  const { search, tenant, project, fresh } = filter;
  return {
    ...(search.trim() === '' ? {} : { search: search.trim() }),
    ...(tenant === '' ? {} : { tenant }),
    ...(project === '' ? {} : { project }),
    ...(isAge(fresh) ? AGES[fresh] : {}),
  };
}

/** Whether a text names an age. */
export function isAge(text: string): text is keyof typeof AGES {
  return Object.hasOwn(AGES, text);
}

function isSort(text: string): text is Sort {
  return Object.hasOwn(SORTS, text);
}
