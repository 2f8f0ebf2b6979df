/** Label values of one sample, by label name. Never a device id. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(amount: number): void;
  readonly value: number;
}

/** A number that goes both ways. */
export interface Gauge {
  set(value: number): void;
  readonly value: number;
}

/** A distribution over fixed buckets. */
export interface Histogram {
  /** Records `count` observations of `value`. */
  observe(value: number, count?: number): void;
}

/** One exported sample: a metric family with its kind, help and current numbers; plain data, may cross threads. */
export interface MetricFamily {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

/** One labelled value of a family. Histograms carry cumulative bucket counts beside sum and count. */
export interface MetricSample {
  readonly labels: Labels;
  readonly value: number;
  readonly buckets?: readonly { readonly le: number; readonly count: number }[];
  readonly sum?: number;
}

/** Where a component registers its metrics. Asking twice for one name and labels gives the same instrument. */
export interface Meter {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  /** `boundaries` are upper bounds in the metric's base unit, ascending; +Inf is implied. */
  histogram(name: string, help: string, boundaries: readonly number[], labels?: Labels): Histogram;
  /** The current numbers of every family, in order of registration. */
  snapshot(): MetricFamily[];
}

interface Family {
  readonly kind: MetricFamily['kind'];
  readonly help: string;
  readonly instruments: Map<string, { readonly labels: Labels; sample(): MetricSample }>;
}

class Value implements Counter, Gauge {
  value = 0;
  readonly labels: Labels;
  constructor(labels: Labels) {
    this.labels = labels;
  }
  add(amount: number): void {
    this.value += amount;
  }
  set(value: number): void {
    this.value = value;
  }
  sample(): MetricSample {
    return { labels: this.labels, value: this.value };
  }
}

class Buckets implements Histogram {
  readonly labels: Labels;
  readonly #boundaries: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;
  constructor(labels: Labels, boundaries: readonly number[]) {
    this.labels = labels;
    this.#boundaries = boundaries;
    this.#counts = new Float64Array(boundaries.length);
  }
  observe(value: number, count = 1): void {
    this.#sum += value * count;
    this.#count += count;
    for (let i = 0; i < this.#boundaries.length; i++) {
      if (value <= Number(this.#boundaries[i])) {
        this.#counts[i] = Number(this.#counts[i]) + count;
        return;
      }
    }
  }
  sample(): MetricSample {
    let running = 0;
    const buckets = this.#boundaries.map((le, i) => {
      running += Number(this.#counts[i]);
      return { le, count: running };
    });
    return { labels: this.labels, value: this.#count, sum: this.#sum, buckets };
  }
}

/**
 * A meter for one of several equal parts of a process: counters and histograms are those of `parent`, so that they go on
 * when a part ends; gauges are its own, alone in its `snapshot`, so that parts do not overwrite each other's and an
 * ended part leaves none behind. `mergeFamilies` adds the parts up.
 */
export function partMeter(parent: Meter): Meter {
  const own = createMeter();
  return {
    counter: (name, help, labels) => parent.counter(name, help, labels),
    histogram: (name, help, boundaries, labels) => parent.histogram(name, help, boundaries, labels),
    gauge: (name, help, labels) => own.gauge(name, help, labels),
    snapshot: () => own.snapshot(),
  };
}

/** A meter that keeps its numbers in memory. */
export function createMeter(): Meter {
  const families = new Map<string, Family>();
  const instrument = <T extends { labels: Labels; sample(): MetricSample }>(
    name: string,
    kind: MetricFamily['kind'],
    help: string,
    labels: Labels,
    create: () => T,
  ): T => {
    let family = families.get(name);
    if (!family) {
      family = { kind, help, instruments: new Map() };
      families.set(name, family);
    }
    const key = JSON.stringify(labels);
    const known = family.instruments.get(key);
    if (known) return known as T; // one name has one kind, so the instrument is of the type asked for
    const fresh = create();
    family.instruments.set(key, fresh);
    return fresh;
  };
  return {
    counter: (name, help, labels = {}) => instrument(name, 'counter', help, labels, () => new Value(labels)),
    gauge: (name, help, labels = {}) => instrument(name, 'gauge', help, labels, () => new Value(labels)),
    histogram: (name, help, boundaries, labels = {}) =>
      instrument(name, 'histogram', help, labels, () => new Buckets(labels, boundaries)),
    snapshot: () =>
      [...families].map(([name, { kind, help, instruments }]) => ({
        name,
        kind,
        help,
        samples: [...instruments.values()].map((one) => one.sample()),
      })),
  };
}
