import type { DeviceKey } from '@skerry/model';
import { LIMITS } from './limits.ts';

/** Whether a device was heard of lately. */
export type DevicePhase = 'fresh' | 'stale';

/** How many devices there are, ready for metrics. */
export interface DeviceCensus {
  readonly counts: readonly {
    readonly tenant: string;
    /** Empty for those that tell none. */
    readonly model: string;
    readonly phase: DevicePhase;
    readonly count: number;
  }[];
  /** Samples of `iot_device_status`: by status, or by device where that was asked for. */
  readonly statuses: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** What counts tenants beyond `censusTenantsMax`, and models of a tenant beyond `censusModelsMax`. */
const OTHER = '(other)';

type Phases = Record<DevicePhase, number>;

/**
 * Counts devices by tenant, model and phase. What has been told of stays with 0, since its gauge does; devices without a
 * model are told of in each tenant. With `isPerDevice` the first `censusDevicesMax` devices have a status of their own.
 */
export class DeviceCounter {
  readonly #counts = new Map<string, Map<string, Phases>>();
  readonly #statuses: DeviceCensus['statuses'][number][] = [];
  readonly #isPerDevice: boolean;
  readonly #total: Phases = { fresh: 0, stale: 0 };

  constructor(isPerDevice: boolean) {
    this.#isPerDevice = isPerDevice;
  }

  /** Begins to count anew. */
  begin(): void {
    for (const models of this.#counts.values()) for (const one of models.values()) clear(one);
    clear(this.#total);
    this.#statuses.length = 0;
  }

  /** Counts devices of a tenant and a model. */
  add(tenant: string, model: string, phase: DevicePhase, count = 1): void {
    const models = kept(this.#counts, tenant, LIMITS.censusTenantsMax.value, newModels);
    // those without a model are beside the others
    const counts = kept(models, model, LIMITS.censusModelsMax.value + 1, newPhases);
    counts[phase] += count;
    this.#total[phase] += count;
  }

  /** Notes the status of one device, which `add` counts; only where each has its own. */
  status({ tenant, project, device }: DeviceKey, phase: DevicePhase): void {
    if (!this.#isPerDevice || this.#statuses.length >= LIMITS.censusDevicesMax.value) return;
    const labels = { device_id: device, tenant, project };
    this.#statuses.push({ labels, value: phase === 'fresh' ? 1 : 0 });
  }

  /** What was counted since `begin`. */
  get census(): DeviceCensus {
    const phases = ['fresh', 'stale'] as const;
    return {
      counts: [...this.#counts].flatMap(([tenant, models]) =>
        [...models].flatMap(([model, counts]) =>
          phases.map((phase) => ({ tenant, model, phase, count: counts[phase] })),
        ),
      ),
      statuses: this.#isPerDevice
        ? [...this.#statuses]
        : phases.map((status) => ({ labels: { status }, value: this.#total[status] })),
    };
  }
}

function clear(counts: Phases): void {
  counts.fresh = 0;
  counts.stale = 0;
}

const newPhases = (): Phases => ({ fresh: 0, stale: 0 });
const newModels = () => new Map([['', newPhases()]]);

/** What is kept under a key, made where it is new and there is room; else what all others share. */
function kept<T>(of: Map<string, T>, key: string, max: number, make: () => T): T {
  const place = of.has(key) || of.size < max ? key : OTHER;
  const known = of.get(place);
  if (known !== undefined) return known;
  const made = make();
  of.set(place, made);
  return made;
}
