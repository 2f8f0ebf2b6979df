import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of the pipeline. */
export type PipelineFault =
  | 'template-invalid'
  | 'journal-foreign'
  | 'store-ahead'
  | 'journal-trimmed-early'
  | 'seal-failed'
  | 'dedupe-damaged'
  | 'pipeline-closed'
  | 'live-refused'
  | 'cursor-invalid'
  | 'unknown-series'
  | 'stages-damaged'
  | 'stages-refused'
  | 'request-failed';

/** What a caller should do about each fault of the pipeline, and what it means (source of the error pages). */
export const PIPELINE_FAULTS: Readonly<
  Record<PipelineFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'template-invalid': { advice: 'give-up', meaning: 'A topic template of the configuration cannot be read.' },
  'journal-foreign': {
    advice: 'give-up',
    meaning: 'The store has followed another journal than the one that is here; one of them was replaced.',
  },
  'store-ahead': {
    advice: 'give-up',
    meaning:
      'The store has seen records that the journal does not hold; the journal lost its end or was restored.',
  },
  'journal-trimmed-early': {
    advice: 'give-up',
    meaning: 'Records that the store has not seen were removed from the journal.',
  },
  'seal-failed': { advice: 'end-process', meaning: 'The store refused a seal for good.' },
  'dedupe-damaged': { advice: 'give-up', meaning: 'Stored dedupe entries cannot be read.' },
  'pipeline-closed': { advice: 'give-up', meaning: 'The pipeline has ended.' },
  'live-refused': { advice: 'retry', meaning: 'As many live subscriptions are open as the limit allows.' },
  'cursor-invalid': { advice: 'give-up', meaning: 'A cursor is not one that the pipeline gave out.' },
  'unknown-series': { advice: 'give-up', meaning: 'A query names a series that nobody has sent yet.' },
  'stages-damaged': {
    advice: 'give-up',
    meaning:
      'A row of the store that holds a version of a declared pipeline cannot be read; the store lost or changed bytes and is to be restored from a backup. A pipeline in force that this version cannot make is none of it: the node starts, the records that it takes are set aside as stage-failed, nothing else waits, and once the document is applied anew or deleted they can be replayed.',
  },
  'stages-refused': {
    advice: 'give-up',
    meaning: 'A declared pipeline, a trial or a shadow run cannot be taken as it was asked for.',
  },
  'request-failed': {
    advice: 'give-up',
    meaning: 'A request to the pipeline failed without a code of its own.',
  },
};

/** A fault of the pipeline. */
export class PipelineError extends CodedError<PipelineFault> {
  get advice(): Advice {
    return PIPELINE_FAULTS[this.code].advice;
  }
}
