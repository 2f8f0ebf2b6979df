import { useEffect, useState } from 'react';
import { type Device, type DevicePage, listDevices } from '../../generated/client.ts';
import { type Fetched, useFetched } from '../../live/fetched.ts';
import { learnServerTime } from '../../live/server-clock.ts';
import type { ListQuery } from './filter.ts';

/** Rows of one page. */
const PAGE = 100;
/** Pages held; the list is fetched again where one scrolls beyond. */
const PAGES_MAX = 60;
const ASK_MS = 5_000;

/** The list as far as it is known. */
export interface DeviceRows {
  /** Devices that match; undefined while unknown. */
  readonly total: number | undefined;
  at(index: number): Device | undefined;
  readonly known: readonly Device[];
  readonly fetched: Fetched<readonly DevicePage[]>;
}

/** The list that was shown last, so that it stands at once where one comes back to it. */
let shown: Kept | undefined;

interface Kept {
  readonly question: string;
  readonly total: number | undefined;
  readonly pages: ReadonlyMap<number, readonly Device[]>;
}

/** Rows `first` to `last` of the devices that match, fetched page by page wherever one scrolls to, and again every few seconds. */
export function useDeviceRows(query: ListQuery, first: number, last: number): DeviceRows {
  const question = JSON.stringify(query);
  const [kept, setKept] = useState<Kept>(() =>
    shown?.question === question ? shown : { question, total: undefined, pages: new Map() },
  );
  const numbers = pagesOf(first, last);
  const fetched = useFetched(
    `${question} ${numbers.join()}`,
    async (signal) => {
      const pages = await Promise.all(
        numbers.map((number) => listDevices({ ...query, skip: number * PAGE, limit: PAGE }, signal)),
      );
      for (const { time } of pages) learnServerTime(time);
      return pages;
    },
    ASK_MS,
  );
  const { data } = fetched;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the pages are those that `data` answers
  useEffect(() => {
    if (!data) return;
    setKept((before) => {
      const pages = new Map(before.question === question ? before.pages : []);
      for (const [index, page] of data.entries()) {
        const number = numbers[index] ?? 0;
        pages.delete(number);
        pages.set(number, page.items);
      }
      for (const number of pages.keys()) if (pages.size > PAGES_MAX) pages.delete(number);
      shown = { question, total: data[0]?.total ?? 0, pages };
      return shown;
    });
  }, [data]);
  const isOurs = kept.question === question;
  // the list of the question before stays until the answer to this one is there
  const pages = isOurs || kept.total !== undefined ? kept.pages : new Map<number, readonly Device[]>();
  return {
    total: kept.total,
    at: (index) => pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    known: [...pages].sort(([a], [b]) => a - b).flatMap(([, items]) => items),
    fetched,
  };
}

function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(first / PAGE);
  return Array.from({ length: Math.floor(last / PAGE) - from + 1 }, (_, index) => from + index);
}
