import type { Logger } from '@skerry/kernel';
import type { StageRow } from '@skerry/series';
import { SparkplugBook } from './decoders/sparkplug-book.ts';
import { OriginBook } from './origin-book.ts';
import { StageBook } from './stages/stage-book.ts';

/** What records made that outlives them and is sealed as rows: declared pipelines, origins, Sparkplug nodes. */
export class SealedBooks {
  readonly stages = new StageBook();
  readonly origins: OriginBook;
  readonly sparkplug = new SparkplugBook();

  /** Takes over the rows of the store; `isWhole`: the journal is there from its beginning. Fails with `stages-damaged`. */
  constructor(rows: readonly StageRow[], isWhole: boolean, logger: Logger) {
    this.origins = new OriginBook(isWhole);
    this.stages.restore(this.sparkplug.restore(this.origins.restore(rows, logger)), logger);
  }

  /** Rows that changed since the last call, for the seal. */
  takeRows(): StageRow[] {
    return [...this.stages.takeRows(), ...this.origins.takeRows(), ...this.sparkplug.takeRows()];
  }
}
