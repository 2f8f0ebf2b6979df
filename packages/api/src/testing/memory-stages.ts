import type { Clock } from '@skerry/kernel';
import type { StagesDocument } from '@skerry/model';
import type {
  ChangeOutcome,
  DocumentChange,
  DocumentDetail,
  DocumentEntry,
  DocumentKind,
  DocumentScope,
  DocumentVersion,
  ShadowRange,
  ShadowReport,
  ShownMessage,
  StagePlatform,
  TrialOutcome,
  TrialSample,
} from '../rooms/pipeline/stage-platform.ts';

/** Declared documents in memory, with versions, undo and conflicts; their stages let every message pass as it is. */
export class MemoryStages implements StagePlatform {
  readonly #documents = new Map<string, DocumentVersion[]>();
  readonly #clock: Pick<Clock, 'nowMicros'>;
  #offset = 0;
  /** Records that a shadow run finds. */
  recorded = 0;

  constructor(clock: Pick<Clock, 'nowMicros'>) {
    this.#clock = clock;
  }

  async list(): Promise<DocumentEntry[]> {
    return [...this.#documents.keys()].sort().map((key) => {
      const { document: _document, versions: _versions, ...entry } = this.#detail(key);
      return entry;
    });
  }

  async get(kind: DocumentKind, name: string, scope: DocumentScope): Promise<DocumentDetail | undefined> {
    const key = keyOf({ kind, name, scope });
    return this.#documents.has(key) ? this.#detail(key) : undefined;
  }

  async check(document: StagesDocument) {
    const isEmpty = document.kind === 'Pipeline' && document.spec.stages.length === 0;
    return isEmpty ? [{ path: 'spec.stages', detail: 'found no stage, wanted one at least' }] : [];
  }

  async change(change: DocumentChange, author: string): Promise<ChangeOutcome> {
    const key = keyOf(change);
    const versions = this.#documents.get(key) ?? [];
    const newest = versions.at(-1);
    const inForce = newest?.document ? newest : undefined;
    const answer = (state: ChangeOutcome['state'], detail = ''): ChangeOutcome => ({
      state,
      detail,
      faults: [],
    });
    if (change.expected !== (inForce?.offset ?? -1)) return answer('conflict', 'another version is in force');
    const previous = newest && versions.findLast(({ version, of }) => version < newest.of && version === of);
    if (change.action === 'remove' && !inForce) return answer('not-found', 'nothing is in force');
    if (change.action === 'undo' && !previous) return answer('not-found', 'there is no earlier version');
    const number = (newest?.version ?? 0) + 1;
    const document = change.action === 'undo' ? previous?.document : change.document;
    versions.push({
      version: number,
      offset: this.#offset++,
      changedMicros: this.#clock.nowMicros(),
      author,
      action: change.action,
      document,
      of: change.action === 'undo' ? Number(previous?.version) : number,
    });
    this.#documents.set(key, versions);
    return answer('done');
  }

  async trial(
    _document: StagesDocument | undefined,
    samples: readonly TrialSample[],
  ): Promise<TrialOutcome[]> {
    return samples.map(({ topic, payload }) => {
      const [, tenant = '', project = '', device = ''] = topic.split('/');
      const metrics = JSON.parse(new TextDecoder().decode(payload)) as Record<string, number>; // tests send numbers
      const message: ShownMessage = {
        device,
        timeMicros: this.#clock.nowMicros(),
        metrics,
        attributes: {},
        isResult: false,
      };
      return { topic, tenant, project, verdict: 'stored', steps: [], outputs: [message] };
    });
  }

  async shadow(_document: StagesDocument, range: ShadowRange, signal: AbortSignal): Promise<ShadowReport> {
    const to = Math.min(this.recorded, range.toOffset ?? this.recorded);
    const from = range.fromOffset ?? Math.max(0, to - (range.lastRecords ?? to));
    const records = Math.max(0, to - from);
    const counts = { stored: records, filtered: 0, deadLettered: 0, messages: records, results: 0 };
    return {
      fromOffset: from,
      toOffset: to,
      isCut: signal.aborted,
      isCancelled: signal.aborted,
      records,
      undecodable: 0,
      changed: 0,
      inForce: counts,
      candidate: counts,
      stages: [],
      differences: [],
      durationMs: 0,
    };
  }

  #detail(key: string): DocumentDetail {
    const versions = this.#documents.get(key) ?? [];
    const newest = versions.at(-1);
    const [kind, tenant, project, name = '']: string[] = JSON.parse(key);
    const shown = versions.findLast(({ document }) => document)?.document;
    return {
      kind: kind === 'Pipeline' ? 'Pipeline' : 'LookupTable',
      name,
      match: shown?.spec.match ?? { ...(tenant ? { tenant } : {}), ...(project ? { project } : {}) },
      isInForce: newest?.document !== undefined,
      version: newest?.version ?? 0,
      offset: newest?.offset ?? -1,
      changedMicros: newest?.changedMicros ?? 0,
      author: newest?.author ?? '',
      stages: [],
      document: newest?.document,
      versions: [...versions].reverse(),
    };
  }
}

function keyOf({ kind, name, scope }: Pick<DocumentChange, 'kind' | 'name' | 'scope'>): string {
  return JSON.stringify([kind, scope.tenant ?? '', scope.project ?? '', name]);
}
