import type { DocumentFault, PipelineMatch, PointValue, StagesDocument } from '@skerry/model';

/** Kinds of declared documents. */
export type DocumentKind = StagesDocument['kind'];

/** Whose a document is: what its `match` names of tenant and project. A name is unique among its kind in a scope. */
export interface DocumentScope {
  readonly tenant?: string;
  readonly project?: string;
}

/** One stage in force, with what it did since the process began. */
export interface StageEntry {
  readonly name: string;
  readonly type: string;
  readonly in: number;
  readonly out: number;
  readonly takenOut: number;
  readonly deadLettered: number;
  readonly late: number;
  readonly results: number;
  readonly cost: number;
  readonly groups: number;
  readonly windows: number;
}

/** A declared document as lists show it. `offset` is that of the journal record that made its version. */
export interface DocumentEntry {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly match: PipelineMatch;
  readonly isInForce: boolean;
  readonly version: number;
  readonly offset: number;
  readonly changedMicros: number;
  readonly author: string;
  readonly stages: readonly StageEntry[];
}

/** One version of a declared document; `of` is the version whose document it has, another one after an undo. */
export interface DocumentVersion {
  readonly version: number;
  readonly offset: number;
  readonly changedMicros: number;
  readonly author: string;
  readonly action: 'apply' | 'undo' | 'remove';
  readonly document: StagesDocument | undefined;
  readonly of: number;
}

/** A declared document with its versions, the newest first. */
export interface DocumentDetail extends DocumentEntry {
  readonly document: StagesDocument | undefined;
  readonly versions: readonly DocumentVersion[];
}

/** A change that is asked for. */
export interface DocumentChange {
  readonly action: 'apply' | 'undo' | 'remove';
  readonly kind: DocumentKind;
  readonly name: string;
  readonly scope: DocumentScope;
  readonly document?: StagesDocument;
  /** Offset of the version in force that the change is meant for, -1 for none. */
  readonly expected: number;
}

/** What became of a change: its record is durable, and the pipeline has judged it. */
export interface ChangeOutcome {
  readonly state: 'done' | 'unchanged' | 'conflict' | 'not-found' | 'refused';
  readonly detail: string;
  readonly faults: readonly DocumentFault[];
}

/** A message as trials and shadow runs show it. */
export interface ShownMessage {
  readonly device: string;
  readonly timeMicros: number;
  readonly metrics: Readonly<Record<string, PointValue>>;
  readonly attributes: Readonly<Record<string, string>>;
  readonly isResult: boolean;
}

/** A record to try. */
export interface TrialSample {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly contentType?: string;
  /** Headers of a record as the journal has them. */
  readonly headers?: Uint8Array;
  readonly receivedMicros?: number;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What became of a sample. */
export interface TrialOutcome {
  readonly topic: string;
  /** Whose it is by its topic; empty for a topic of nobody. */
  readonly tenant: string;
  readonly project: string;
  readonly verdict: 'stored' | 'filtered' | 'deadLettered' | 'notTelemetry';
  readonly fault?: { readonly stage: string; readonly detail: string };
  readonly steps: readonly {
    readonly pipeline: string;
    readonly stage: string;
    readonly type: string;
    readonly before: ShownMessage;
    readonly after: ShownMessage;
    readonly isTakenOut: boolean;
  }[];
  readonly outputs: readonly ShownMessage[];
}

/** Which recorded records a shadow run goes through. */
export interface ShadowRange {
  readonly fromOffset?: number;
  readonly toOffset?: number;
  readonly fromMicros?: number;
  readonly toMicros?: number;
  readonly lastRecords?: number;
}

/** What one of the two sets of stages made of the records. */
export interface ShadowCounts {
  readonly stored: number;
  readonly filtered: number;
  readonly deadLettered: number;
  readonly messages: number;
  readonly results: number;
}

/** What one of the two sets of stages makes of one record. */
export interface ShadowVerdict {
  readonly verdict: 'stored' | 'filtered' | 'deadLettered';
  readonly detail: string;
  readonly outputs: readonly ShownMessage[];
}

/** What a shadow run found. */
export interface ShadowReport {
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly isCut: boolean;
  readonly isCancelled: boolean;
  readonly records: number;
  readonly undecodable: number;
  readonly changed: number;
  readonly inForce: ShadowCounts;
  readonly candidate: ShadowCounts;
  readonly stages: readonly ({ readonly pipeline: string; readonly stage: string } & Omit<
    StageEntry,
    'name' | 'type' | 'groups' | 'windows'
  >)[];
  readonly differences: readonly {
    readonly offset: number;
    readonly topic: string;
    readonly inForce: ShadowVerdict;
    readonly candidate: ShadowVerdict;
  }[];
  readonly durationMs: number;
}

/** What the API asks of the declared pipelines. Faults are `CodedError`s. */
export interface StagePlatform {
  list(): Promise<readonly DocumentEntry[]>;
  get(kind: DocumentKind, name: string, scope: DocumentScope): Promise<DocumentDetail | undefined>;
  /** What is wrong with putting a document in force now; empty when nothing is. `places`: the indexes of its stages when it was only read in part. */
  check(document: StagesDocument, places?: readonly number[]): Promise<readonly DocumentFault[]>;
  /** Resolves when the change is durable and was judged. Fails with `unavailable` when nothing is taken in. */
  change(change: DocumentChange, author: string): Promise<ChangeOutcome>;
  /** Takes samples through the stages with a document in the place of its namesake. Nothing is stored. */
  trial(
    document: StagesDocument | undefined,
    samples: readonly TrialSample[],
  ): Promise<readonly TrialOutcome[]>;
  /** Compares a document with what is in force over recorded records; ends early, with what it has, when aborted. */
  shadow(document: StagesDocument, range: ShadowRange, signal: AbortSignal): Promise<ShadowReport>;
}
