import type { Journal } from '@skerry/journal';
import type { Clock, Logger, Meter } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import type { Catalogue } from './catalogue.ts';
import { DeviceCounter } from './device-census.ts';
import type { DevicePages } from './device-pages.ts';
import type { PipelineMeters } from './pipeline-meters.ts';
import type { ProcessorCounts } from './processor-needs.ts';
import type { SealedBooks } from './sealed-books.ts';
import { StageMeters } from './stages/stage-meters.ts';

/** Numbers that only the runner knows. */
interface RunnerFigures {
  readonly headPoints: number;
  readonly hotBytes: number;
  readonly subscriptions: number;
  readonly deadLettersOpen: number;
}

/** What is looked at. */
interface WatchNeeds {
  readonly meters: PipelineMeters;
  readonly catalogue: Catalogue;
  readonly pages: DevicePages;
  readonly journal: Pick<Journal, 'telemetryEnd'>;
  readonly processor: { readonly counts: ProcessorCounts; readonly telemetryPosition: number };
  readonly clock: Pick<Clock, 'nowMicros'>;
  readonly logger: Logger;
  readonly staleMs: number;
  readonly perDeviceStatus: boolean;
  readonly meter: Meter;
  readonly books: SealedBooks;
}

/** Looks at the ledger and the metrics once a second. */
export class PipelineWatch {
  readonly #needs: WatchNeeds;
  readonly #stages: StageMeters;
  readonly #census: DeviceCounter;
  #wasBalanced = true;
  #devicesMs = Number.NEGATIVE_INFINITY;

  constructor(needs: WatchNeeds) {
    this.#needs = needs;
    this.#stages = new StageMeters(needs.meter, needs.books.stages);
    this.#census = new DeviceCounter(needs.perDeviceStatus);
  }

  /** Shows the figures; says once when the ledger begins not to balance. */
  look(report: LedgerReport, nowMs: number, runner: RunnerFigures): void {
    const { meters, processor, journal, catalogue, clock, logger } = this.#needs;
    if (this.#wasBalanced && !report.balanced)
      logger.log('error', 'The ledger does not balance', { imbalances: report.imbalances.slice(0, 20) });
    this.#wasBalanced = report.balanced;
    meters.counted(processor.counts);
    meters.backlog(Math.max(0, journal.telemetryEnd - processor.telemetryPosition), clock.nowMicros());
    this.#stages.look();
    const sparkplug = this.#needs.books.sparkplug.size;
    meters.gauge('sparkplug_nodes', 'Sparkplug edge nodes that were heard of.', sparkplug.nodes);
    meters.gauge('sparkplug_metrics', 'Metrics of all Sparkplug births that are kept.', sparkplug.metrics);
    meters.ledger(report);
    meters.gauge('head_points', 'Points in the open head.', runner.headPoints);
    meters.gauge('devices', 'Devices known.', catalogue.devices.length);
    meters.gauge('series', 'Series known.', catalogue.series.length);
    meters.gauge('hot_bytes', 'Bytes of batches handed over and not decoded yet.', runner.hotBytes);
    meters.gauge('subscriptions', 'Live subscriptions.', runner.subscriptions);
    meters.gauge('dead_letters_open', 'Open dead letters.', runner.deadLettersOpen);
    if (nowMs - this.#devicesMs < 10_000) return;
    this.#devicesMs = nowMs;
    this.#countDevices();
  }

  #countDevices(): void {
    const { meters, catalogue, pages, clock, staleMs } = this.#needs;
    const census = this.#census;
    census.begin();
    const oldest = clock.nowMicros() - staleMs * 1000;
    let entries = 0;
    let forgotten = 0;
    for (const device of catalogue.devices) {
      const phase = pages.lastSeen(device) >= oldest ? 'fresh' : 'stale';
      census.add(device.tenant, pages.model(device), phase);
      census.status(device, phase);
      entries += device.window?.size ?? 0;
      forgotten += device.sequence?.forgotten ?? 0;
    }
    meters.devices(census.census);
    meters.gauge('dedupe_entries', 'Ids in all dedupe windows.', entries);
    meters.gauge('gaps_forgotten', 'Gaps forgotten because of the limits, since the start.', forgotten);
  }
}
