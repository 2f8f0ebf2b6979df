import type { DeviceKey } from '@skerry/model';
import { LIMITS } from './limits.ts';

/** Whether a device was heard of lately. */
export type DevicePhase = 'fresh' | 'stale';

/** How many devices there are, ready for metrics. */
export interface DeviceCensus {
  readonly counts: readonly {
    readonly tenant: string;
    readonly phase: DevicePhase;
    readonly count: number;
  }[];
  /** Samples of `iot_device_status`: by status, or by device where that was asked for. */
  readonly statuses: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** What counts tenants beyond `censusTenantsMax`. */
const OTHER_TENANTS = '(other)';

/**
 * Counts devices by tenant and phase. A tenant or phase that has been told of stays with 0, since its gauge does. With
 * `isPerDevice` the first `censusDevicesMax` devices have a status of their own.
 */
export class DeviceCounter {
  readonly #counts = new Map<string, Record<DevicePhase, number>>();
  readonly #statuses: DeviceCensus['statuses'][number][] = [];
  readonly #isPerDevice: boolean;
  readonly #total: Record<DevicePhase, number> = { fresh: 0, stale: 0 };

  constructor(isPerDevice: boolean) {
    this.#isPerDevice = isPerDevice;
  }

  /** Begins to count anew. */
  begin(): void {
    for (const one of [...this.#counts.values(), this.#total]) {
      one.fresh = 0;
      one.stale = 0;
    }
    this.#statuses.length = 0;
  }

  /** Counts devices of a tenant. */
  add(tenant: string, phase: DevicePhase, count = 1): void {
    const isKnown = this.#counts.has(tenant) || this.#counts.size < LIMITS.censusTenantsMax.value;
    const key = isKnown ? tenant : OTHER_TENANTS;
    const counts = this.#counts.get(key) ?? { fresh: 0, stale: 0 };
    this.#counts.set(key, counts);
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
      counts: [...this.#counts].flatMap(([tenant, counts]) =>
        phases.map((phase) => ({ tenant, phase, count: counts[phase] })),
      ),
      statuses: this.#isPerDevice
        ? [...this.#statuses]
        : phases.map((status) => ({ labels: { status }, value: this.#total[status] })),
    };
  }
}
