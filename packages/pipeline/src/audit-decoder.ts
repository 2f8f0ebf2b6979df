import { HEADER } from '@skerry/journal';
import { type DeadLetter, type PointValue, PROJECT_DEVICE } from '@skerry/model';
import { type AuditRoutes, EraRoutes } from './audit-eras.ts';
import { DecodedRecord } from './decoded-record.ts';
import { PayloadReader } from './decoders/payload-reader.ts';
import { SparkplugBook } from './decoders/sparkplug-book.ts';
import { eventMicros, isEventTimeAccepted } from './event-time.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { Route } from './routes.ts';
import type { AuditStages } from './stages/audit-stages.ts';
import { messagesOf } from './stages/record-messages.ts';
import { StageEngine, type StageOutcome, type StageRefusal } from './stages/stage-engine.ts';
import type { StageMessage } from './stages/stage-message.ts';
import type { StagePlan, StageSet } from './stages/stage-set.ts';

/** A point as a record says it. */
export interface ExpectedPoint {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly metric: string;
  readonly timeMicros: number;
  readonly value: PointValue;
  readonly ordinal: number;
}

/** What declared stages make of a record. */
export interface ExpectedStages {
  readonly verdict: 'stored' | 'filtered' | 'deadLettered';
  /** False when results of windows, whose points lie behind the record's own, cannot be told. */
  readonly isExact: boolean;
}

/** What a record says, decoded anew. */
export interface ExpectedRecord {
  /** The device it is counted for. */
  readonly device: string;
  readonly points: readonly ExpectedPoint[];
  /** Present when it went through stages; `unknown` when nobody knows any more through which. */
  readonly stages?: ExpectedStages | 'unknown';
}

/** Decodes records one by one, apart from the pipeline's own state, under the routes and stages of their offsets. */
export class AuditDecoder {
  readonly #routes: EraRoutes;
  readonly #stages: AuditStages;
  readonly #record = new DecodedRecord();
  readonly #book: SparkplugBook;
  readonly #payloads: PayloadReader;

  /** `isWhole`: records are given from the journal's first one on, so that no birth of Sparkplug lies before them. */
  constructor(routes: AuditRoutes, stages: AuditStages, isWhole: boolean) {
    this.#routes = new EraRoutes(routes);
    this.#stages = stages;
    this.#book = new SparkplugBook(!isWhole);
    this.#payloads = new PayloadReader(this.#record, this.#book);
  }

  /** The device that publisher or topic tell, without the payload; `-` without one. */
  deviceOf(record: RecordCursor): string {
    return record.boundDevice ?? this.#routes.at(record.offset, record.topic).device ?? PROJECT_DEVICE;
  }

  /** A record that changes the stages. */
  change(record: RecordCursor): void {
    const author = record.header(HEADER.author) ?? '';
    this.#stages.change(record.payload, record.offset, author, record.receivedMicros);
  }

  /**
   * Undefined when the record cannot be decoded. `isTaken`: its verdict says that it went through the stages in force;
   * `isRepeated`: that it was here before. Records are given in the order of the journal.
   */
  decode(record: RecordCursor, isTaken: boolean, isRepeated: boolean): ExpectedRecord | undefined {
    const { topic, offset } = record;
    const route = this.#routes.at(offset, topic);
    const plan = this.#stages.plan(route.tenant, route.project, topic);
    const found = this.#decode(record, route, plan, offset, record.receivedMicros);
    const { sparkplug } = this.#payloads;
    if (sparkplug && !isRepeated) this.#book.commit(sparkplug.step, offset);
    if (sparkplug?.isBlind && isTaken && route.sparkplug?.type !== 'NBIRTH')
      return { device: record.boundDevice ?? route.device ?? PROJECT_DEVICE, points: [], stages: 'unknown' };
    if (!found) return undefined;
    if (this.#stages.isBlind) return { ...this.#plain(found), stages: 'unknown' };
    if (!plan || !isTaken) return this.#plain(found);
    const isExact = this.#stages.isExact(plan);
    return this.#staged(found, this.#stages.judge(plan, offset, found.messages()), isExact);
  }

  /**
   * What a replay of the record may have stored, under the routes and stages of any time since, the newest first; empty
   * when it cannot be decoded under any. When it was replayed the record itself does not tell.
   */
  decodeReplay(record: RecordCursor): ExpectedRecord[] {
    const { topic, offset, receivedMicros } = record;
    const sets = this.#stages.setsSince(offset);
    return this.#routes
      .since(offset, topic)
      .flatMap((route) => sets.flatMap((set) => this.#replayed(record, route, set, receivedMicros) ?? []));
  }

  /** A replay that was taken went through the stages in force then, the windows of which it changed. */
  replay(record: RecordCursor, letter: Pick<DeadLetter, 'offset' | 'receivedMicros'>): void {
    const { topic, offset } = record;
    const route = this.#routes.at(offset, topic);
    const plan = this.#stages.plan(route.tenant, route.project, topic);
    const found = plan && this.#decode(record, route, plan, letter.offset, letter.receivedMicros);
    if (!plan || !found) return;
    this.#stages.judge(plan, offset, found.messages());
    // one with a number of its own may have been a duplicate, which changes no window
    if (this.#record.messageId !== undefined || this.#record.seq !== undefined || hasOwnId(record))
      this.#stages.forget(plan);
  }

  #replayed(
    record: RecordCursor,
    route: Route,
    set: StageSet,
    receivedMicros: number,
  ): ExpectedRecord | undefined {
    const plan = set.plan(route.tenant, route.project, record.topic);
    const found = this.#decode(record, route, plan, record.offset, receivedMicros);
    if (!found) return undefined;
    if (!plan) return this.#plain(found);
    const engine = new StageEngine();
    const outcome = engine.judge(plan, record.offset, found.messages());
    engine.rollBack();
    if ('detail' in outcome) return undefined;
    return this.#staged(
      found,
      outcome,
      plan.steps.every(({ stage }) => stage.type !== 'Aggregate'),
    );
  }

  #decode(
    record: RecordCursor,
    route: Route,
    plan: StagePlan | undefined,
    offset: number,
    receivedMicros: number,
  ) {
    this.#payloads.sparkplug = undefined;
    if (route.kind !== 'telemetry') return undefined;
    const bound = record.boundDevice;
    const required = bound ?? (route.isDeviceRequired ? route.device : undefined);
    const { json } = this.#payloads;
    const root = json.root(route.metricPrefix ?? '');
    const fault = this.#payloads.readRecord(record, route, root, plan?.decode, offset, receivedMicros);
    if (fault) return undefined;
    const ids: string[] = [];
    const times: number[] = [];
    for (const element of this.#record.elements.slice(0, this.#record.elementCount)) {
      ids.push(required ?? element.device ?? route.device ?? PROJECT_DEVICE);
      const told = element.time === undefined ? Number.NaN : eventMicros(element.time);
      times.push(isEventTimeAccepted(told, receivedMicros) ? told : receivedMicros);
    }
    const device = ids[0] ?? required ?? route.device ?? PROJECT_DEVICE;
    const { tenant, project } = route;
    const messages = (): StageMessage[] => {
      const attributes = new Map<string, string>();
      record.userProperties((name, value) => attributes.set(name, value));
      return messagesOf(
        this.#record,
        { tenant, project, topic: record.topic, receivedMicros, attributes },
        ids,
        times,
      );
    };
    return { tenant, project, device, ids, times, messages };
  }

  #plain(found: Decoded): ExpectedRecord {
    const { tenant, project, device } = found;
    const record = this.#record;
    const points: ExpectedPoint[] = [];
    for (let i = 0; i < record.elementCount; i++) {
      const end = Number(record.elements[i]?.end);
      const owner = { tenant, project, device: found.ids[i] ?? '', timeMicros: Number(found.times[i]) };
      for (let ordinal = points.length; ordinal < end; ordinal++) {
        const metric = record.nodes[ordinal]?.name ?? '';
        points.push({ ...owner, metric, value: record.value(ordinal), ordinal });
      }
    }
    return { device, points };
  }

  #staged(found: Decoded, outcome: StageOutcome | StageRefusal, isExact: boolean): ExpectedRecord {
    const { device } = found;
    if ('detail' in outcome) return { device, points: [], stages: { verdict: 'deadLettered', isExact } };
    const points: ExpectedPoint[] = [];
    for (const message of isExact ? outcome.messages : outcome.messages.slice(0, outcome.own)) {
      const { tenant, project, timeMicros } = message;
      for (const [metric, value] of message.metrics)
        points.push({
          tenant,
          project,
          device: message.device,
          metric,
          timeMicros,
          value,
          ordinal: points.length,
        });
    }
    return { device, points, stages: { verdict: outcome.own > 0 ? 'stored' : 'filtered', isExact } };
  }
}

interface Decoded {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly ids: readonly string[];
  readonly times: readonly number[];
  readonly messages: () => StageMessage[];
}

function hasOwnId(record: RecordCursor): boolean {
  let isFound = false;
  record.userProperties((name) => {
    if (name === 'skerry-message-id' || name === 'skerry-seq') isFound = true;
  });
  return isFound;
}
