import type { Handlers } from '../../call.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import type { Model } from '../../schemas.ts';
import { formatTime } from '../../time.ts';
import type { PartitionEntry, RoleEntry, SinkEntry } from './site-platform.ts';

/** Serves the processes of the site and what lies between them. */
export function siteHandlers({
  platform,
}: Pick<HandlerNeeds, 'platform'>): Handlers<'listRoles' | 'listPartitions' | 'listSinks' | 'listSources'> {
  const { site } = platform;
  return {
    listRoles: async () => {
      const { items, silentAfterMs } = await site.roles();
      return { silentAfterSeconds: silentAfterMs / 1_000, items: items.map(showRole) };
    },
    listPartitions: async () => {
      const { items, trouble } = await site.partitions();
      return { trouble: trouble ?? null, items: items.map(showPartition) };
    },
    listSinks: async () => ({ items: (await site.sinks()).map(showSink) }),
    listSources: async () => ({ items: await site.sources() }),
  };
}

function showRole(entry: RoleEntry): Model<'RoleList'>['items'][number] {
  const { sinceMicros, startedMicros, toldMicros, toldMs, slot, buffer, ...rest } = entry;
  return {
    ...rest,
    since: formatTime(sinceMicros),
    started: formatTime(startedMicros),
    told: formatTime(toldMicros),
    toldSeconds: toldMs / 1_000,
    slot: slot ?? null,
    buffer: buffer ?? null,
  };
}

function showPartition(entry: PartitionEntry): Model<'PartitionList'>['items'][number] {
  const { owner, lastOwner, position, end, lagRecords, lagSeconds, retentionAtMicros, ...rest } = entry;
  return {
    ...rest,
    owner: owner ?? null,
    lastOwner: lastOwner ?? null,
    position: position ?? null,
    end: end ?? null,
    lagRecords: lagRecords ?? null,
    lagSeconds: lagSeconds ?? null,
    retentionAt: retentionAtMicros === undefined ? null : formatTime(retentionAtMicros),
  };
}

function showSink(sink: SinkEntry): Model<'SinkList'>['items'][number] {
  const { lastError, retentionAtMicros, ...rest } = sink;
  const retentionAt = retentionAtMicros === undefined ? null : formatTime(retentionAtMicros);
  const entry = { ...rest, retentionAt };
  if (!lastError) return { ...entry, lastError: null };
  const { code, detail, atMicros } = lastError;
  return {
    ...entry,
    lastError: { code, detail, at: atMicros === undefined ? null : formatTime(atMicros) },
  };
}
