import { useRef, useState } from 'react';
import { millisOf } from '../../format.ts';
import { type Arrival, type Arrivals, getLatest, type Latest, listArrivals } from '../../generated/client.ts';
import { isNotFound, useFetched } from '../../live/fetched.ts';
import { topicOf, useLive } from '../../live/live-stream.ts';
import { serverNow } from '../../live/server-clock.ts';
import { type DeviceName, devicePath } from '../../route.ts';

/** A value that has arrived. */
export type ArrivedValue = Latest['items'][number];

/** Where a device belongs. */
export type Place = Arrivals['elsewhere'][number];

/** What has come of a device since one began to look. */
export interface Arrived {
  readonly hasArrived: boolean;
  /** When one began to look, by the server's clock. */
  readonly sinceMs: number;
  /** Whether it has been heard since, but nothing of it could be stored. */
  readonly isHeardOnly: boolean;
  /** Where else a device of the same name has appeared since. */
  readonly strays: readonly Place[];
  /** Newest receipt, also one from before. */
  readonly lastSeenMs: number | undefined;
  /** Messages stored in all. */
  readonly stored: number;
  readonly values: readonly ArrivedValue[];
  /** Newest first. */
  readonly wrong: readonly Arrival[];
  readonly error: Error | undefined;
  reload(): void;
}

/** What arrives wrongly is not in the stream, so it is asked for this often. */
const ASK_MS = 2_000;
/** What came just before the page was drawn counts as well: people are quick. */
const SLACK_MS = 1_000;

/** Watches a device that may not exist yet: the stream of the tab for its points, and what arrived wrongly. */
export function useArrivals(device: DeviceName): Arrived {
  const [sinceMs] = useState(() => serverNow() - SLACK_MS);
  const [live, setLive] = useState<{ readonly atMs: number; readonly values: readonly ArrivedValue[] }>();
  const since = new Date(sinceMs).toISOString();
  const key = `${devicePath(device)} ${since}`;
  // a record that became a dead letter is a sign of the device as well, but none that its message has arrived
  const storedBefore = useRef<number>(undefined);
  const namesakesBefore = useRef<ReadonlySet<string>>(undefined);
  const asked = useFetched(
    `arrivals ${key}`,
    async (signal) => {
      const answer = await listArrivals({ ...device, since }, signal);
      const isKnown = answer.lastSeen !== null && millisOf(answer.lastSeen) < sinceMs;
      storedBefore.current ??= isKnown ? answer.stored : 0;
      namesakesBefore.current ??= new Set(answer.elsewhere.map(nameOf));
      const known = namesakesBefore.current;
      return {
        ...answer,
        isMore: answer.stored > storedBefore.current,
        strays: answer.elsewhere.filter((place) => !known.has(nameOf(place))),
      };
    },
    ASK_MS,
  );
  const seen = asked.data?.lastSeen ?? null;
  const latest = useFetched(`latest ${key} ${seen}`, async (signal) =>
    seen === null ? undefined : getLatest(device, signal),
  );
  useLive([topicOf(device)], (messages) => {
    const points = messages
      .flatMap((message) => (message.event === 'points' ? message.data.devices : []))
      .filter((one) => devicePath(one) === devicePath(device))
      .flatMap((one) => one.points);
    if (points.length === 0) return;
    setLive((before) => ({ atMs: serverNow(), values: newest(before?.values ?? [], points) }));
    asked.reload();
  });
  const seenMs = seen === null ? undefined : millisOf(seen);
  const lastSeenMs = later(seenMs, live?.atMs);
  const hasArrived =
    live !== undefined || (asked.data?.isMore === true && seenMs !== undefined && seenMs >= sinceMs);
  const error = isNotFound(asked.error) ? undefined : asked.error;
  return {
    hasArrived,
    sinceMs,
    isHeardOnly: !hasArrived && seenMs !== undefined && seenMs >= sinceMs,
    strays: asked.data?.strays ?? [],
    lastSeenMs,
    stored: asked.data?.stored ?? 0,
    values: newest(latest.data?.items ?? [], live?.values ?? []),
    wrong: asked.data?.wrong ?? [],
    error: asked.data ? undefined : error,
    reload: asked.reload,
  };
}

function nameOf({ tenant, project }: Place): string {
  return JSON.stringify([tenant, project]);
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

/** The newest value of each metric, by name. */
function newest(known: readonly ArrivedValue[], more: readonly ArrivedValue[]): ArrivedValue[] {
  const byMetric = new Map(known.map((value) => [value.metric, value]));
  for (const value of more) {
    const before = byMetric.get(value.metric);
    if (!before || before.time <= value.time) byMetric.set(value.metric, value);
  }
  return [...byMetric.values()].toSorted((a, b) => a.metric.localeCompare(b.metric));
}
