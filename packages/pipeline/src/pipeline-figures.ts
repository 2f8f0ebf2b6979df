import type { Catalogue } from './catalogue.ts';
import type { DeadLetterBook } from './dead-letter-book.ts';
import type { DelayWindow } from './delay-window.ts';
import type { PipelineFigures, PipelineNeeds } from './pipeline.ts';
import type { RecordProcessor } from './record-processor.ts';

/** What the figures of a pipeline are read from. */
export interface FiguresNeeds extends Pick<PipelineNeeds, 'journal' | 'clock'> {
  readonly processor: Pick<RecordProcessor, 'telemetryPosition' | 'counts'>;
  readonly delays: DelayWindow;
  readonly catalogue: Pick<Catalogue, 'devices' | 'series'>;
  readonly letters: Pick<DeadLetterBook, 'count'>;
}

/** The figures of the moment. `lastMicros`: receipt of the newest record with a verdict; 0 without one. */
export function figuresOf(
  told: Pick<PipelineFigures, 'position' | 'committedPosition' | 'ledger' | 'alarms' | 'headPoints'>,
  lastMicros: number,
  { journal, clock, processor, delays, catalogue, letters }: FiguresNeeds,
): PipelineFigures {
  const backlogRecords = Math.max(0, journal.telemetryEnd - processor.telemetryPosition);
  const isWaiting = backlogRecords > 0 && lastMicros > 0;
  return {
    ...told,
    recordsReceived: told.ledger.totals.received,
    pointsDecoded: processor.counts.points,
    delay: delays.figures(clock.monotonicMs()),
    backlogRecords,
    backlogAgeMs: isWaiting ? Math.max(0, (clock.nowMicros() - lastMicros) / 1000) : 0,
    devices: catalogue.devices.length,
    series: catalogue.series.length,
    deadLettersOpen: letters.count,
  };
}
