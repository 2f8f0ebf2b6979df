import { parseDuration } from '@skerry/kernel';
import type { AggregateDocument, DocumentFault, PointValue } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { isValidId, isValidMetricName } from '../topic-template.ts';
import { AggregateState, type Group, groupKey, groupKeyBytes, type OpenWindow } from './aggregate-state.ts';
import { compileExpression, type Expression } from './expression.ts';
import { namePattern } from './name-pattern.ts';
import { StageFault, type StageMessage } from './stage-message.ts';
import { type CompiledStage, noFigures, type StageFigures, type StageRun } from './stage-run.ts';
import type { StageUndo } from './window-values.ts';

/** An Aggregate with its state. */
export interface CompiledAggregate extends CompiledStage {
  readonly type: 'Aggregate';
  /** What must be the same for the state to be good for another version of the stage. */
  readonly signature: string;
  /** Its own; replaced by that of the version before, when the signature is the same. */
  state: AggregateState;
}

interface Grid {
  readonly sizeMicros: number;
  readonly everyMicros: number;
  readonly latenessMicros: number;
  /** Metrics of a window, so that all windows of a group can be closed by one record. */
  readonly metricsMax: number;
}

const DAY_MS = 86_400_000;

/** A stage that gathers numbers in windows of event time. */
export function compileAggregate(
  document: AggregateDocument,
  path: string,
  faults: DocumentFault[],
): CompiledAggregate | undefined {
  const before = faults.length;
  const grid = gridOf(document, path, faults);
  const groupBy =
    document.groupBy === 'device'
      ? undefined
      : compileExpression(document.groupBy, 'string', `${path}.groupBy`, faults);
  if (new Set(document.functions).size < document.functions.length)
    faults.push({ path: `${path}.functions`, detail: 'found a function twice, wanted each once' });
  checkOutput(document, path, faults);
  if (faults.length > before) return undefined;
  const hasSketch = document.functions.some((name) => name.startsWith('p'));
  const { window, groupBy: by, metrics, functions, lateness } = document;
  return new AggregateStage(document, grid, groupBy, {
    signature: JSON.stringify({ window, by, metrics, functions, lateness }),
    state: new AggregateState(hasSketch, grid.metricsMax),
  });
}

function gridOf(
  { window, lateness, functions }: AggregateDocument,
  path: string,
  faults: DocumentFault[],
): Grid {
  const sizeMs = parseDuration(window.size) ?? 0;
  const everyMs = window.every === undefined ? sizeMs : (parseDuration(window.every) ?? 0);
  const latenessMs = parseDuration(lateness) ?? 0;
  let open = 1;
  const fail = (member: string, detail: string) => void faults.push({ path: `${path}.${member}`, detail });
  if (sizeMs <= 0 || sizeMs > 31 * DAY_MS) fail('window.size', `found ${window.size}, wanted 1ms to 31d`);
  else if (everyMs <= 0 || everyMs > sizeMs || sizeMs % everyMs !== 0)
    fail('window.every', `found ${window.every ?? ''}, wanted a part of ${window.size} without a remainder`);
  else {
    open = Math.ceil((sizeMs + latenessMs) / everyMs) + 1;
    if (open > LIMITS.windowsOpenMax.value)
      fail(
        'window',
        `found up to ${open} windows open at a time, wanted at most ${LIMITS.windowsOpenMax.value}`,
      );
  }
  const points = Math.floor(LIMITS.recordPointsMax.value / 2 / (open * Math.max(1, functions.length)));
  return {
    sizeMicros: sizeMs * 1000,
    everyMicros: everyMs * 1000,
    latenessMicros: latenessMs * 1000,
    metricsMax: Math.max(1, Math.min(LIMITS.groupMetricsMax.value, points)),
  };
}

function checkOutput({ output, functions }: AggregateDocument, path: string, faults: DocumentFault[]): void {
  const unknown = (text: string, known: readonly string[]) =>
    [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name).find((name) => !known.includes(name));
  const inDevice = unknown(output.device, ['group']);
  if (inDevice !== undefined)
    faults.push({ path: `${path}.output.device`, detail: `found {${inDevice}}, wanted {group}` });
  const inMetric = unknown(output.metric, ['metric', 'function']);
  if (inMetric !== undefined)
    faults.push({
      path: `${path}.output.metric`,
      detail: `found {${inMetric}}, wanted {metric} or {function}`,
    });
  if (!output.metric.includes('{function}') && functions.length > 1)
    faults.push({
      path: `${path}.output.metric`,
      detail: 'found no {function} for several functions, wanted it',
    });
}

class AggregateStage implements CompiledAggregate {
  readonly type = 'Aggregate';
  readonly name: string;
  readonly figures: StageFigures = noFigures();
  readonly signature: string;
  state: AggregateState;
  readonly #document: AggregateDocument;
  readonly #grid: Grid;
  readonly #groupBy: Expression | undefined;
  readonly #isMeant: ((metric: string) => boolean) | undefined;
  readonly #names = new Map<string, readonly string[]>();

  constructor(
    document: AggregateDocument,
    grid: Grid,
    groupBy: Expression | undefined,
    parts: { readonly signature: string; readonly state: AggregateState },
  ) {
    this.name = document.name;
    this.signature = parts.signature;
    this.state = parts.state;
    this.#document = document;
    this.#grid = grid;
    this.#groupBy = groupBy;
    this.#isMeant = document.metrics.length > 0 ? namePattern(document.metrics) : undefined;
  }

  run(message: StageMessage, run: StageRun, next: number): boolean {
    const { keepInput } = this.#document;
    if (!this.#hasNumbers(message)) return true;
    const group = this.#groupOf(message, run, next);
    const { timeMicros } = message;
    const { everyMicros, sizeMicros, latenessMicros } = this.#grid;
    const { undo } = run;
    let start = Math.floor(timeMicros / everyMicros) * everyMicros;
    if (start + sizeMicros + latenessMicros <= group.newestMicros) return this.#late(message, group, undo);
    this.state.touch(group, run.offset, undo);
    if (timeMicros > group.newestMicros) {
      const { newestMicros } = group;
      group.newestMicros = timeMicros;
      undo.steps.push(() => {
        group.newestMicros = newestMicros;
      });
      this.#closeDue(group, message, run, next);
    }
    for (; start + sizeMicros > timeMicros; start -= everyMicros) {
      if (start + sizeMicros + latenessMicros <= group.newestMicros) break;
      this.#add(this.state.window(group, start, undo), message, undo);
    }
    return keepInput;
  }

  #hasNumbers({ metrics }: StageMessage): boolean {
    for (const [metric, value] of metrics) if (this.#isTaken(metric, value)) return true;
    return false;
  }

  #isTaken(metric: string, value: PointValue): boolean {
    if (typeof value !== 'number' && typeof value !== 'bigint') return false;
    return this.#isMeant?.(metric) ?? true;
  }

  #groupOf(message: StageMessage, run: StageRun, next: number): Group {
    const { tenant, project } = message;
    const label = this.#groupBy ? run.evaluate(this.#groupBy, message) : message.device;
    if (typeof label !== 'string')
      throw new StageFault(
        `The expression ${this.#document.groupBy} gave a ${typeof label}; a text was expected.`,
      );
    const known = this.state.find(tenant, project, label);
    if (known) return known;
    const key = groupKey(this.name, tenant, project, label);
    this.#checkKey(key, label);
    this.#checkDevice(label);
    if (this.state.isFull(tenant)) this.#makeRoom(message, run, next);
    const group = {
      key,
      tenant,
      project,
      label,
      newestMicros: Number.NEGATIVE_INFINITY,
      touched: -1,
      windows: [],
      isChanged: false,
    };
    this.state.add(group, run.undo);
    return group;
  }

  /** Gives up a group of the message's own project: what its windows hold is stored with the record, so in that project. */
  #makeRoom(message: StageMessage, run: StageRun, next: number): void {
    const { tenant, project } = message;
    const oldest = this.state.evict(tenant, project, run.undo);
    if (!oldest)
      throw new StageFault(
        `There is no room for a group of ${tenant}/${project}, which has none yet; at most ${LIMITS.tenantGroupsMax.value} are kept of one tenant, ${LIMITS.groupsMax.value} of all.`,
      );
    for (const window of oldest.windows) this.#close(oldest, window, message, run, next);
  }

  /** The key is one of a table, which may be in an index. */
  #checkKey(key: string, label: string): void {
    const bytes = groupKeyBytes(key);
    if (bytes <= LIMITS.groupKeyBytesMax.value) return;
    throw new StageFault(
      `The expression ${this.#document.groupBy} gave a text of ${label.length} characters, ${JSON.stringify(label.slice(0, 64))}…, whose group would be named by ${bytes} bytes with its stage, tenant and project; ${LIMITS.groupKeyBytesMax.value} at most were expected.`,
    );
  }

  #checkDevice(label: string): void {
    const device = this.#deviceOf(label);
    if (isValidId(device)) return;
    throw new StageFault(
      `The device of the results would be ${JSON.stringify(device.slice(0, 64))}; 1 to ${LIMITS.idCharsMax.value} characters without control characters, +, # and /, and neither . nor .. were expected.`,
    );
  }

  #deviceOf(label: string): string {
    return this.#document.output.device.replaceAll('{group}', () => label);
  }

  #late({ timeMicros }: StageMessage, group: Group, undo: StageUndo): boolean {
    if (this.#document.late === 'deadLetter')
      throw new StageFault(
        `The message is of ${isoOf(timeMicros)}, and ${isoOf(group.newestMicros)} was seen of ${group.label} already; at most ${this.#document.lateness} later is waited for.`,
      );
    this.figures.late++;
    undo.steps.push(() => this.figures.late--);
    return this.#document.keepInput;
  }

  #closeDue(group: Group, cause: StageMessage, run: StageRun, next: number): void {
    const { sizeMicros, latenessMicros } = this.#grid;
    const isDue = ({ startMicros }: OpenWindow) =>
      startMicros + sizeMicros + latenessMicros <= group.newestMicros;
    const [oldest] = group.windows;
    if (!oldest || !isDue(oldest)) return;
    const { windows } = group;
    const count = windows.findIndex((window) => !isDue(window));
    group.windows = count < 0 ? [] : windows.slice(count);
    run.undo.steps.push(() => {
      group.windows = windows;
    });
    for (const window of count < 0 ? windows : windows.slice(0, count))
      this.#close(group, window, cause, run, next);
  }

  #add(window: OpenWindow, { metrics, timeMicros }: StageMessage, undo: StageUndo): void {
    for (const [metric, value] of metrics) {
      if (!this.#isTaken(metric, value)) continue;
      this.state.values(window, metric, undo).add(Number(value), timeMicros, undo);
    }
  }

  #close(group: Group, window: OpenWindow, cause: StageMessage, run: StageRun, next: number): void {
    const { output, functions } = this.#document;
    const { startMicros } = window;
    const results = new Map<string, PointValue>();
    for (const [metric, values] of window.metrics) {
      const names = this.#namesOf(metric);
      for (const [i, name] of functions.entries()) {
        const result = values.result(name);
        // a sum beyond a double has no point to go to
        if (Number.isFinite(result)) results.set(names[i] ?? metric, result);
      }
    }
    if (results.size === 0) return;
    run.results.push({
      stage: next,
      message: {
        tenant: group.tenant,
        project: group.project,
        device: this.#deviceOf(group.label),
        timeMicros: output.time === 'start' ? startMicros : startMicros + this.#grid.sizeMicros,
        receivedMicros: cause.receivedMicros,
        topic: cause.topic,
        metrics: results,
        attributes: new Map(),
        textUnits: 0,
        isResult: true,
      },
    });
  }

  #namesOf(metric: string): readonly string[] {
    const known = this.#names.get(metric);
    if (known) return known;
    const { output, functions } = this.#document;
    const names = functions.map((name) =>
      output.metric.replaceAll(/\{(metric|function)\}/g, (_, one: string) =>
        one === 'metric' ? metric : name,
      ),
    );
    for (const name of names)
      if (!isValidMetricName(name))
        throw new StageFault(
          `The metric of a result would have ${name.length} characters; 1 to ${LIMITS.metricNameCharsMax.value} were expected.`,
        );
    if (this.#names.size < LIMITS.metricNamesCachedMax.value) this.#names.set(metric, names);
    return names;
  }
}

function isoOf(micros: number): string {
  return new Date(micros / 1000).toISOString();
}
