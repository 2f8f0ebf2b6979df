import type { Flag, VerbContext } from './verb.ts';

/** Flags that narrow a list to a tenant, a project, a device. */
export const NARROWING_FLAGS: readonly Flag[] = [
  { name: 'tenant', type: 'text', what: 'Only this tenant.' },
  { name: 'project', type: 'text', what: 'Only this project.' },
  { name: 'device', type: 'text', what: 'Only this device.' },
];

/** What the flags narrow to: only those given. */
export function narrowing(
  context: Pick<VerbContext, 'flags'>,
): Partial<Record<'tenant' | 'project' | 'device', string>> {
  return givenTexts(context, ['tenant', 'project', 'device']);
}

/** The values of text flags by name: only those given. */
export function givenTexts<Name extends string>(
  context: Pick<VerbContext, 'flags'>,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const given = names.filter((name) => context.flags[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, String(context.flags[name])])) as Partial<
    Record<Name, string>
  >; // made of these names
}

/** What a page of a list is asked for. */
export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor: string | null;
}

const PAGE_ROWS = 1_000;

/** Every item of a list that is served in pages. */
export async function everyItem<Item>(ask: (page: PageQuery) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let page = await ask({ limit: PAGE_ROWS });
  items.push(...page.items);
  while (page.cursor !== null) {
    page = await ask({ limit: PAGE_ROWS, cursor: page.cursor });
    items.push(...page.items);
  }
  return items;
}
