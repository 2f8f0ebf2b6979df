import type { LiveDevice, LiveEvent, LiveFilter } from '../platform.ts';

interface Batch {
  readonly number: number;
  readonly devices: readonly LiveDevice[];
}

/** The last batches of live points with ids `v1.<journal>.<number>`, and those who wait for the next. */
export class LiveBuffer {
  readonly #journal: string;
  readonly #batchesMax: number;
  readonly #batches: Batch[] = [];
  #last = 0;
  #wake = Promise.withResolvers<void>();

  constructor(journal: string, batchesMax: number) {
    this.#journal = journal;
    this.#batchesMax = batchesMax;
  }

  /** Adds one batch and wakes everybody. */
  add(devices: readonly LiveDevice[]): void {
    this.#batches.push({ number: ++this.#last, devices });
    if (this.#batches.length > this.#batchesMax) this.#batches.shift();
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** The feed of `Platform.live`. */
  async *follow(
    filters: readonly LiveFilter[],
    afterId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<readonly LiveEvent[]> {
    const known = afterId === undefined ? this.#last : this.#positionOf(afterId);
    let position: number = known ?? this.#last;
    const stop = new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    if (known === undefined) {
      yield [this.#gap(position, String(afterId), 'the id is of another journal')];
    }
    while (!signal.aborted) {
      const wake = this.#wake.promise;
      const first = this.#batches[0]?.number ?? this.#last + 1;
      if (position + 1 < first) {
        const after = this.#idOf(position);
        position = first - 1;
        yield [this.#gap(position, after, 'the feed does not reach back so far')];
      }
      const from = position;
      const fresh = this.#batches.filter((batch) => batch.number > from);
      position = fresh.at(-1)?.number ?? position;
      const events = fresh.map((batch) => this.#show(batch, filters)).filter((event) => event !== undefined);
      if (events.length > 0) yield events;
      else await Promise.race([wake, stop]);
    }
  }

  #show(batch: Batch, filters: readonly LiveFilter[]): LiveEvent | undefined {
    const data = batch.devices
      .map((device) => ({
        ...device,
        points: device.points.filter(({ metric }) =>
          filters.some((filter) => isWanted(filter, device, metric)),
        ),
      }))
      .filter((device) => device.points.length > 0);
    return data.length > 0 ? { event: 'points', id: this.#idOf(batch.number), data } : undefined;
  }

  /** What lies behind `position` is in the feed. */
  #gap(position: number, after: string, reason: string): LiveEvent {
    return { event: 'gap', id: this.#idOf(position), data: { after, reason, missed: undefined } };
  }

  #idOf(number: number): string {
    return `v1.${this.#journal}.${number}`;
  }

  #positionOf(id: string): number | undefined {
    const [version, journal, number] = id.split('.');
    const position = Number(number);
    const isOurs = version === 'v1' && journal === this.#journal && position <= this.#last;
    return isOurs ? position : undefined;
  }
}

function isWanted(filter: LiveFilter, device: LiveDevice, metric: string): boolean {
  return (
    (filter.tenant ?? device.tenant) === device.tenant &&
    (filter.project ?? device.project) === device.project &&
    (filter.device ?? device.device) === device.device &&
    (filter.metric ?? metric) === metric
  );
}
