import type { Clock, Logger, Meter } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import type { Catalogue } from './catalogue.ts';
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
  readonly counts: ProcessorCounts;
  readonly clock: Pick<Clock, 'nowMicros'>;
  readonly logger: Logger;
  readonly staleMs: number;
  readonly meter: Meter;
  readonly books: SealedBooks;
}

/** Looks at the ledger and the metrics once a second. */
export class PipelineWatch {
  readonly #needs: WatchNeeds;
  readonly #stages: StageMeters;
  #wasBalanced = true;
  #devicesMs = Number.NEGATIVE_INFINITY;

  constructor(needs: WatchNeeds) {
    this.#needs = needs;
    this.#stages = new StageMeters(needs.meter, needs.books.stages);
  }

  /** Shows the figures; says once when the ledger begins not to balance. */
  look(report: LedgerReport, nowMs: number, runner: RunnerFigures): void {
    const { meters, counts, catalogue, logger } = this.#needs;
    if (this.#wasBalanced && !report.balanced)
      logger.log('error', 'The ledger does not balance', { imbalances: report.imbalances.slice(0, 20) });
    this.#wasBalanced = report.balanced;
    meters.counted(counts);
    this.#stages.look();
    const sparkplug = this.#needs.books.sparkplug.size;
    meters.gauge('sparkplug_nodes', 'Sparkplug edge nodes that were heard of.', sparkplug.nodes);
    meters.gauge('sparkplug_metrics', 'Metrics of all Sparkplug births that are kept.', sparkplug.metrics);
    meters.ledger(report);
    meters.gauge('head_points', 'Points in the open head.', runner.headPoints);
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
    const oldest = clock.nowMicros() - staleMs * 1000;
    let fresh = 0;
    let entries = 0;
    let forgotten = 0;
    for (const device of catalogue.devices) {
      if (pages.lastSeen(device) >= oldest) fresh++;
      entries += device.window?.size ?? 0;
      forgotten += device.sequence?.forgotten ?? 0;
    }
    meters.devices(catalogue.devices.length, fresh);
    meters.gauge('dedupe_entries', 'Ids in all dedupe windows.', entries);
    meters.gauge('gaps_forgotten', 'Gaps forgotten because of the limits, since the start.', forgotten);
  }
}
