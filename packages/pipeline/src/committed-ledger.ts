import type { Journal, Offset } from '@skerry/journal';
import type { LedgerReport } from '@skerry/model';
import type { Catalogue } from './catalogue.ts';
import { ledgerReport, type ProjectVerdicts } from './ledger.ts';

/** The verdicts as of the last committed seal, by which the ledger is told. */
export class CommittedLedger {
  readonly #catalogue: Catalogue;
  #verdicts: ProjectVerdicts[];
  #telemetryPosition: number;

  constructor(catalogue: Catalogue, telemetryPosition: number) {
    this.#catalogue = catalogue;
    this.#verdicts = this.#copy();
    this.#telemetryPosition = telemetryPosition;
  }

  /** Takes the verdicts of now; the function it returns puts them in force once they are durable. */
  snapshot(telemetryPosition: number): () => void {
    const verdicts = this.#copy();
    return () => {
      this.#verdicts = verdicts;
      this.#telemetryPosition = telemetryPosition;
    };
  }

  /** The ledger beside what the journal counted; `position`: offset below which the last seal is. */
  report(journal: Pick<Journal, 'received' | 'telemetryEnd' | 'end'>, position: Offset): LedgerReport {
    const { telemetryEnd, end } = journal;
    const counted = { received: journal.received(), telemetryEnd, held: Math.max(0, end - position) };
    const telemetryPosition = this.#telemetryPosition;
    return ledgerReport({ ...counted, verdicts: this.#verdicts, telemetryPosition });
  }

  #copy(): ProjectVerdicts[] {
    return this.#catalogue.projects.map(({ tenant, project, totals }) => ({
      tenant,
      project,
      totals: { ...totals },
    }));
  }
}
