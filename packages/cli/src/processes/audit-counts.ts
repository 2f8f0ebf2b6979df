import { type Offset, RECORD_KIND, type ReceivedCount, readBatch, type StoredBatch } from '@skerry/journal';

/** Received records per project below `from`: those below `start`, and those that are read behind it. */
export async function countUpTo(
  read: (at: Offset) => Promise<readonly StoredBatch[]>,
  {
    start,
    from,
    before,
  }: { readonly start: Offset; readonly from: Offset; readonly before: readonly ReceivedCount[] },
): Promise<ReceivedCount[]> {
  const counts = new Counts(before);
  for (let at = start; at < from; ) {
    const batches = await read(at);
    for (const batch of batches) if (batch.firstOffset < from) counts.add(batch, at, from);
    const last = batches.at(-1);
    at = last ? last.firstOffset + last.count : from;
  }
  return counts.rows();
}

/** Received records per project. */
class Counts {
  readonly #rows = new Map<string, ReceivedCount>();

  constructor(rows: readonly ReceivedCount[]) {
    for (const row of rows) this.#add(row);
  }

  /** Adds the telemetry records of a batch whose offsets lie in [from, to). */
  add(batch: StoredBatch, from: Offset, to: Offset): void {
    const reader = readBatch(batch);
    while (reader.next()) {
      const { kind, offset, qos, tenant, project } = reader;
      if (offset < from || offset >= to) continue;
      if (kind !== RECORD_KIND.telemetry && kind !== RECORD_KIND.misrouted) continue;
      this.#add({ tenant, project, received: 1, receivedQos0: qos === 0 ? 1 : 0 });
    }
  }

  rows(): ReceivedCount[] {
    return [...this.#rows.values()];
  }

  #add({ tenant, project, received, receivedQos0 }: ReceivedCount): void {
    const key = `${tenant}\u0000${project}`;
    const known = this.#rows.get(key);
    this.#rows.set(key, {
      tenant,
      project,
      received: received + (known?.received ?? 0),
      receivedQos0: receivedQos0 + (known?.receivedQos0 ?? 0),
    });
  }
}
