import { HEADER } from '@skerry/journal';
import type { PointValue, StagesDocument } from '@skerry/model';
import { ENCODING_PROPERTY } from '../decoders/payload-format.ts';
import { PipelineError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Route } from '../routes.ts';
import { SampleReader } from './sample-reader.ts';
import { StageEngine } from './stage-engine.ts';
import type { StageMessage } from './stage-message.ts';
import type { StageSet } from './stage-set.ts';

/** A message as a trial shows it. */
export interface ShownMessage {
  readonly device: string;
  readonly timeMicros: number;
  readonly metrics: Readonly<Record<string, PointValue>>;
  readonly attributes: Readonly<Record<string, string>>;
  /** True for the result of a window. */
  readonly isResult: boolean;
}

/** What one stage made of one message. */
export interface TrialStep {
  readonly pipeline: string;
  readonly stage: string;
  readonly type: string;
  readonly before: ShownMessage;
  readonly after: ShownMessage;
  readonly isTakenOut: boolean;
}

/** A record to try. */
export interface TrialSample {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly contentType?: string;
  /** Headers of a record as the journal has them: its content type and user properties. */
  readonly headers?: Uint8Array;
  /** The moment of the call when absent. */
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
  /** What set it aside, and why; absent unless it was. */
  readonly fault?: { readonly stage: string; readonly detail: string };
  readonly steps: readonly TrialStep[];
  /** What would be stored: what is left of the sample, then results of windows. */
  readonly outputs: readonly ShownMessage[];
}

/** What to try. */
export interface TrialRequest {
  /** In the place of its namesake in force; those in force alone when absent. */
  readonly document?: StagesDocument;
  readonly samples: readonly TrialSample[];
}

/** A message as JSON can show it, apart from exact integers. */
export function shownMessage(message: StageMessage): ShownMessage {
  const { device, timeMicros, metrics, attributes, isResult } = message;
  return {
    device,
    timeMicros,
    metrics: Object.fromEntries(metrics),
    attributes: Object.fromEntries(attributes),
    isResult,
  };
}

/** Takes samples, one after the other, through stages whose windows are empty at first. Nothing is stored. Fails with `stages-refused` when they cost too much together. */
export function tryStages(
  set: StageSet,
  samples: readonly TrialSample[],
  route: (topic: string) => Route,
  nowMicros: number,
): TrialOutcome[] {
  const reader = new SampleReader();
  let steps: TrialStep[] = [];
  let units = 0;
  const engine = new StageEngine(({ pipeline, stage }, before, after, isOn) => {
    const { name, type } = stage;
    steps.push({
      pipeline,
      stage: name,
      type,
      before: shownMessage(before),
      after: shownMessage(after),
      isTakenOut: !isOn,
    });
  });
  return samples.map((sample, i): TrialOutcome => {
    steps = [];
    const { topic, payload: bytes, contentType = '', receivedMicros = nowMicros } = sample;
    const found = route(topic);
    const { tenant, project } = found;
    const place = { topic, tenant, project };
    if (found.kind !== 'telemetry') return { ...place, verdict: 'notTelemetry', steps, outputs: [] };
    const plan = set.plan(tenant, project, topic);
    const told = headersIn(sample.headers);
    const attributes = new Map([...told.attributes, ...Object.entries(sample.attributes ?? {})]);
    const contentEncoding = attributes.get(ENCODING_PROPERTY) ?? '';
    const label = { contentType: contentType === '' ? told.contentType : contentType, contentEncoding };
    const read = reader.read(
      {
        topic,
        bytes,
        start: 0,
        end: bytes.length,
        label,
        offset: i,
        receivedMicros,
        attributes,
        boundDevice: told.boundDevice,
      },
      found,
      plan,
    );
    reader.settle(i);
    const setAside = (stage: string, detail: string): TrialOutcome => ({
      ...place,
      verdict: 'deadLettered',
      fault: { stage, detail },
      steps,
      outputs: [],
    });
    if ('reason' in read) return setAside('decode', read.detail);
    if (!plan) return { ...place, verdict: 'stored', steps, outputs: read.messages().map(shownMessage) };
    const outcome = engine.judge(plan, i, read.messages());
    units += engine.cost;
    if (units > LIMITS.trialCostMax.value)
      throw new PipelineError(
        'stages-refused',
        `The trial would cost ${units} units with sample ${i + 1}; at most ${LIMITS.trialCostMax.value} are spent on one.`,
      );
    if ('detail' in outcome) return setAside(outcome.stage, outcome.detail);
    engine.settle();
    const verdict = outcome.own > 0 ? 'stored' : 'filtered';
    return { ...place, verdict, steps, outputs: outcome.messages.map(shownMessage) };
  });
}

/** What the stages see of a block of headers (docs/formats/segment.md). */
function headersIn(headers: Uint8Array = new Uint8Array(0)) {
  const bytes = Buffer.from(headers.buffer, headers.byteOffset, headers.byteLength);
  const attributes = new Map<string, string>();
  let contentType = '';
  let boundDevice: string | undefined;
  for (let at = 0; at + 3 <= bytes.length; ) {
    const end = at + 3 + bytes.readUInt16LE(at + 1);
    const text = bytes.toString('utf8', at + 3, end);
    const nul = text.indexOf('\u0000');
    // as the pipeline takes it: only as the first one
    if (at === 0 && bytes[at] === HEADER.boundDevice) boundDevice = text;
    else if (bytes[at] === HEADER.contentType) contentType = text;
    else if (bytes[at] === HEADER.userProperty && nul >= 0)
      attributes.set(text.slice(0, nul), text.slice(nul + 1));
    at = end;
  }
  return { attributes, contentType, boundDevice };
}
