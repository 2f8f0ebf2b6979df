import { createHash } from 'node:crypto';
import { HEADER, RECORD_KIND, type StoredBatch } from '@skerry/journal';
import type { DeadLetter, LedgerAccounts, SeriesDefinition } from '@skerry/model';
import type { VerdictRun } from '@skerry/series';
import { AuditDecoder, type ExpectedRecord } from './audit-decoder.ts';
import type { AuditRoutes } from './audit-eras.ts';
import { type AuditFinding, AuditRecount } from './audit-recount.ts';
import type { AuditJournal, AuditPoints, AuditSource } from './audit-source.ts';
import { LIMITS } from './limits.ts';
import { RecordCursor } from './record-cursor.ts';
import { AuditStages } from './stages/audit-stages.ts';

/** The outcome of recounting journal and store record by record. */
export interface AuditReport {
  readonly balanced: boolean;
  /** First journal offset recounted; what lies before comes from the checkpoint. */
  readonly fromOffset: number;
  readonly toOffset: number;
  readonly records: number;
  readonly totals: LedgerAccounts;
  readonly findings: readonly AuditFinding[];
  /** Findings beyond those listed. */
  readonly findingsLeftOut: number;
}

/** How far an audit is, or what it found. */
export type AuditStep =
  | { readonly kind: 'progress'; readonly records: number; readonly recordsTotal: number }
  /** `telemetry`: how many of the records recounted are of the ledger; sessions and the like are not. */
  | { readonly kind: 'result'; readonly report: AuditReport; readonly telemetry: number };

/** What an audit works with. */
export interface AuditNeeds {
  readonly journal: AuditJournal;
  readonly source: AuditSource;
  readonly routes: AuditRoutes;
  readonly signal: AbortSignal;
}

/**
 * Recounts every record that the journal still holds: received totals, the verdict of each telemetry record below the
 * store's position, each stored point against the payload decoded anew under the routes of its time, each dead letter, and each
 * device's account.
 * The last step is the result; it is absent when `signal` was aborted.
 */
export async function* auditLedger(needs: AuditNeeds): AsyncGenerator<AuditStep, void, void> {
  const audit = new Audit(needs);
  await audit.begin();
  for (;;) {
    if (needs.signal.aborted) return;
    const progress = await audit.step();
    if (!progress) break;
    yield { kind: 'progress', ...progress };
  }
  yield { kind: 'result', report: await audit.finish(), telemetry: audit.telemetry };
}

interface Found {
  readonly series: number;
  readonly time: number;
  readonly value: unknown;
  readonly ordinal: number;
}

/** One record as far as the audit needs it after its batch is gone. */
interface Read {
  readonly offset: number;
  readonly tenant: string;
  readonly project: string;
  readonly isTelemetry: boolean;
  readonly topicDevice: string;
  readonly expected: ExpectedRecord | undefined;
  /** What a replay may have made of it, when its verdict is a dead letter; newest routes first. */
  readonly replays: readonly ExpectedRecord[];
  /** What the dead letter of it must agree with, when its verdict is one. */
  readonly letter: LetterSource | undefined;
}

interface LetterSource {
  readonly topic: string;
  readonly client: string;
  readonly receivedMicros: number;
  readonly payloadBytes: number;
  readonly digest: string;
}

type RecordVerdict = VerdictRun['verdict'] | undefined;

class Audit {
  readonly #needs: AuditNeeds;
  #decoder: AuditDecoder;
  readonly #recount = new AuditRecount();
  readonly #findings: AuditFinding[] = [];
  #leftOut = 0;
  #series = new Map<string, SeriesDefinition>();
  #byId = new Map<number, SeriesDefinition>();
  #verdicts: AsyncIterator<{ readonly from: number; readonly runs: readonly VerdictRun[] }> | undefined;
  #run: { from: number; runs: readonly VerdictRun[] } | undefined;
  #position = 0;
  #pointsFrom = 0;
  #from = 0;
  #end = 0;
  #next = 0;
  #records = 0;
  /** Telemetry among the records recounted so far. */
  telemetry = 0;

  constructor(needs: AuditNeeds) {
    this.#needs = needs;
    this.#decoder = new AuditDecoder(needs.routes, new AuditStages([], 0), true);
  }

  async begin(): Promise<void> {
    const { journal, source } = this.#needs;
    const state = await source.state();
    this.#position = state.position;
    this.#pointsFrom = state.pointsFrom;
    this.#from = this.#next = journal.start;
    this.#end = journal.end;
    const stages = new AuditStages(await source.stages(), this.#from);
    this.#decoder = new AuditDecoder(this.#needs.routes, stages, this.#from === 0);
    for (const one of await source.series()) {
      this.#series.set(seriesKey(one), one);
      this.#byId.set(one.id, one);
    }
    this.#verdicts = source.verdicts(this.#from)[Symbol.asyncIterator]();
    if (state.journalId !== undefined && state.journalId !== journal.id)
      this.#find(
        '',
        '',
        '',
        -1,
        `The store follows the journal ${state.journalId}; the one here is ${journal.id}.`,
      );
  }

  /** Audits the next records; undefined when there are none. */
  async step(): Promise<{ records: number; recordsTotal: number } | undefined> {
    if (this.#next >= this.#end) return undefined;
    const from = this.#next;
    const to = Math.min(this.#end, from + LIMITS.auditRecords.value);
    const verdicts = await this.#verdictsOf(from, to);
    const records = await this.#read(from, to, verdicts);
    const points = await this.#pointsOf(from, to);
    for (let offset = from; offset < to; offset++) {
      const found = points.get(offset) ?? [];
      const record = records.get(offset);
      if (!record) this.#missing(offset, found);
      else if (offset >= this.#position) this.#pending(record, found);
      else await this.#judge(record, verdicts[offset - from], found);
    }
    this.#records += records.size;
    for (const { isTelemetry } of records.values()) if (isTelemetry) this.telemetry++;
    return { records: to - this.#from, recordsTotal: this.#end - this.#from };
  }

  async finish(): Promise<AuditReport> {
    const { journal, source } = this.#needs;
    const accounts = await source.accounts();
    const received = journal.received();
    const recount = this.#recount;
    for (const finding of recount.compareReceived(journal.receivedBefore(), received)) this.#add(finding);
    for (const finding of recount.compareAccounts(accounts, this.#from === 0)) this.#add(finding);
    for (const finding of recount.compareLedger(received, accounts)) this.#add(finding);
    return {
      balanced: this.#findings.length === 0,
      fromOffset: this.#from,
      toOffset: this.#end,
      records: this.#records,
      totals: recount.totals(received, accounts),
      findings: this.#findings,
      findingsLeftOut: this.#leftOut,
    };
  }

  /** Reads the records in [from, to), whose verdicts are given, and moves `#next` behind them. */
  async #read(from: number, to: number, verdicts: readonly RecordVerdict[]): Promise<Map<number, Read>> {
    const records = new Map<number, Read>();
    let at = from;
    while (at < to) {
      const batches = await this.#needs.journal.read(at, LIMITS.readBytesMax.value);
      for (const batch of batches) await this.#readBatch(batch, to, verdicts, records);
      const last = batches.at(-1);
      // where the journal gives nothing, the rest is missing
      at = last ? Math.max(at + 1, last.firstOffset + last.count) : to;
    }
    this.#next = to;
    return records;
  }

  async #readBatch(
    batch: StoredBatch,
    to: number,
    verdicts: readonly RecordVerdict[],
    records: Map<number, Read>,
  ): Promise<void> {
    const cursor = new RecordCursor();
    cursor.begin(batch);
    while (cursor.next()) {
      const { offset, kind } = cursor;
      if (offset < this.#next || offset >= to || records.has(offset)) continue;
      const isTelemetry = kind === RECORD_KIND.telemetry || kind === RECORD_KIND.misrouted;
      const { tenant, project } = cursor.projects[cursor.project] ?? { tenant: '', project: '' };
      const topicDevice = isTelemetry ? this.#decoder.deviceOf(cursor) : '';
      const verdict = verdicts[offset - this.#next];
      const isTaken = verdict === 'stored' || verdict === 'empty' || verdict === 'filtered';
      const isBelow = offset < this.#position;
      const expected =
        isTelemetry && isBelow
          ? this.#decoder.decode(cursor, isTaken, verdict === 'deduplicated')
          : undefined;
      const isLetter = isTelemetry && verdict === 'deadLettered';
      if (kind === RECORD_KIND.pipeline && isBelow) this.#decoder.change(cursor);
      if (kind === RECORD_KIND.replay && isBelow) await this.#readReplay(cursor);
      const replays = isLetter ? this.#decoder.decodeReplay(cursor) : [];
      const letter = isLetter ? letterSourceOf(cursor) : undefined;
      records.set(offset, { offset, tenant, project, isTelemetry, topicDevice, expected, replays, letter });
      if (isTelemetry) this.#recount.held(tenant, project, offset >= this.#position);
    }
  }

  /** A replay that was taken changed the windows of the stages in force then. */
  async #readReplay(cursor: RecordCursor): Promise<void> {
    const letter = await this.#needs.source.deadLetter(Number(cursor.header(HEADER.replayOf) ?? -1));
    if (letter?.state !== 'replayed') return;
    const isOfIt =
      letter.changedMicros === cursor.receivedMicros &&
      letter.author === (cursor.header(HEADER.author) ?? '');
    if (isOfIt) this.#decoder.replay(cursor, letter);
  }

  async #pointsOf(from: number, to: number): Promise<Map<number, Found[]>> {
    const found = new Map<number, Found[]>();
    for await (const points of this.#needs.source.points(from, to)) gather(points, from, to, found);
    return found;
  }

  /** The verdicts of the records in [from, to) that lie below the store's position. */
  async #verdictsOf(from: number, to: number): Promise<RecordVerdict[]> {
    const verdicts: RecordVerdict[] = [];
    for (let offset = from; offset < to && offset < this.#position; offset++)
      verdicts.push(await this.#verdictOf(offset));
    return verdicts;
  }

  async #verdictOf(offset: number): Promise<RecordVerdict> {
    for (;;) {
      if (this.#run) {
        if (offset < this.#run.from) return undefined;
        let at = this.#run.from;
        for (const { verdict, count } of this.#run.runs) {
          at += count;
          if (offset < at) return verdict;
        }
      }
      const next = await this.#verdicts?.next();
      if (!next || next.done) {
        this.#run = { from: Number.POSITIVE_INFINITY, runs: [] };
        return undefined;
      }
      this.#run = { from: next.value.from, runs: next.value.runs };
    }
  }

  #missing(offset: number, found: readonly Found[]): void {
    const series = this.#byId.get(found[0]?.series ?? -1);
    const holds = series ? ` The store has ${found.length} points of it.` : '';
    const { tenant = '', project = '', device = '' } = series ?? {};
    this.#find(tenant, project, device, offset, `The journal does not hold the record.${holds}`);
  }

  #pending(record: Read, found: readonly Found[]): void {
    if (found.length > 0)
      this.#findOf(
        record,
        `The store has ${found.length} points of a record at or above its position ${this.#position}.`,
      );
  }

  async #judge(record: Read, verdict: RecordVerdict, found: readonly Found[]): Promise<void> {
    const { tenant, project, expected } = record;
    if (verdict === undefined) return this.#findOf(record, 'The store has no verdict on the record.');
    if (!record.isTelemetry) {
      if (verdict !== 'none') this.#findOf(record, `A record outside the ledger has the verdict ${verdict}.`);
      return;
    }
    const device = expected?.device ?? record.topicDevice;
    if (verdict === 'none') this.#findOf(record, 'A telemetry record has no verdict.');
    else if (verdict === 'deadLettered') await this.#judgeLetter(record, found);
    else if (verdict === 'stored' || verdict === 'empty' || verdict === 'filtered') {
      const account = verdict === 'filtered' ? verdict : 'stored';
      this.#recount.verdict(tenant, project, device, account);
      const wanted = expected && verdictOf(expected, account);
      if (!expected) this.#findOf(record, `The record was ${account}, and cannot be decoded now.`);
      else if (wanted !== account)
        this.#findOf(record, `The record was ${account}; by the stages of its time it is ${wanted}.`);
      else for (const finding of this.#comparePoints(record, expected, found)) this.#add(finding);
    } else {
      this.#recount.verdict(tenant, project, device, verdict);
      if (found.length > 0)
        this.#findOf(record, `The store has ${found.length} points of a record that was ${verdict}.`);
    }
  }

  async #judgeLetter(record: Read, found: readonly Found[]): Promise<void> {
    const { tenant, project, offset, replays } = record;
    const letter: DeadLetter | undefined = await this.#needs.source.deadLetter(offset);
    if (!letter) {
      // closed letters age out with the raw data of their day
      if (offset >= this.#pointsFrom) this.#findOf(record, 'The dead letter of the record is missing.');
      return;
    }
    this.#compareLetter(record, letter);
    if (letter.state !== 'replayed') {
      const verdict = letter.state === 'open' ? 'deadLettered' : letter.state;
      this.#recount.verdict(tenant, project, letter.device, verdict);
      if (found.length > 0)
        this.#findOf(
          record,
          `The store has ${found.length} points of a dead letter that is ${letter.state}.`,
        );
      return;
    }
    const fitting = replays.find((one) => this.#comparePoints(record, one, found).length === 0);
    const expected = fitting ?? replays[0];
    const isTaken = found.length > 0 || expected?.points.length === 0;
    const device = expected?.device ?? record.topicDevice;
    const taken = expected ? verdictOf(expected, 'stored') : 'stored';
    this.#recount.verdict(tenant, project, device, isTaken ? taken : 'deduplicated');
    if (!isTaken) return;
    if (!expected) this.#findOf(record, 'The record was replayed and stored, and no routes since decode it.');
    else for (const finding of this.#comparePoints(record, expected, found)) this.#add(finding);
  }

  /** A dead letter is the record: what people look at and replay must be what was received. */
  #compareLetter(record: Read, letter: DeadLetter): void {
    const { letter: source } = record;
    if (!source) return;
    const differs = (what: string, found: string, wanted: string) => {
      const detail = `The dead letter has ${what} ${found}; the record in the journal has ${wanted}.`;
      this.#findOf(record, detail);
    };
    if (digestOf(letter.payload) !== source.digest) {
      const found = `of ${letter.payload.byteLength} bytes that are others`;
      differs('a payload', found, `one of ${source.payloadBytes}`);
    }
    for (const name of ['topic', 'client', 'receivedMicros'] as const)
      if (letter[name] !== source[name])
        differs(`the ${name}`, JSON.stringify(letter[name]), JSON.stringify(source[name]));
  }

  /** Where the stored points differ from those expected. */
  #comparePoints(record: Read, expected: ExpectedRecord, found: readonly Found[]): AuditFinding[] {
    if (record.offset < this.#pointsFrom || expected.stages === 'unknown') return [];
    const { offset } = record;
    const ofRecord = { tenant: record.tenant, project: record.project, device: expected.device, offset };
    const findings: AuditFinding[] = [];
    const byOrdinal = new Map<number, Found>();
    for (const point of found) {
      if (byOrdinal.has(point.ordinal))
        findings.push({ ...ofRecord, detail: `The point ${point.ordinal} is stored twice.` });
      byOrdinal.set(point.ordinal, point);
    }
    for (const point of expected.points) {
      const stored = byOrdinal.get(point.ordinal);
      byOrdinal.delete(point.ordinal);
      const { tenant, project, device, metric } = point;
      const at = `The point ${point.ordinal} (${metric})`;
      const find = (detail: string) => findings.push({ tenant, project, device, offset, detail });
      if (!stored) find(`${at} is not in the store.`);
      else if (stored.series !== this.#series.get(seriesKey(point))?.id)
        find(`${at} is stored in another series.`);
      else if (stored.time !== point.timeMicros)
        find(`${at} is stored at ${stored.time}; the record says ${point.timeMicros} microseconds.`);
      else if (!Object.is(stored.value, point.value)) find(`${at} is stored with another value.`);
    }
    for (const ordinal of byOrdinal.keys()) {
      if (expected.stages && !expected.stages.isExact && ordinal >= expected.points.length) continue;
      const detail = `The store has a point ${ordinal}; the record has ${expected.points.length}.`;
      findings.push({ ...ofRecord, detail });
    }
    return findings;
  }

  #findOf(record: Read, detail: string): void {
    const { tenant, project, offset } = record;
    this.#find(tenant, project, record.expected?.device ?? record.topicDevice, offset, detail);
  }

  #find(tenant: string, project: string, device: string, offset: number, detail: string): void {
    this.#add({ tenant, project, device, offset, detail });
  }

  #add(finding: AuditFinding): void {
    if (this.#findings.length < LIMITS.auditFindingsMax.value) this.#findings.push(finding);
    else this.#leftOut++;
  }
}

/** The account that a record belongs in: as its stages say, else as it was found. */
function verdictOf({ stages }: ExpectedRecord, found: 'stored' | 'filtered') {
  if (stages === 'unknown') return found;
  return stages?.verdict ?? 'stored';
}

function letterSourceOf({ topic, client, receivedMicros, payload }: RecordCursor): LetterSource {
  const payloadBytes = payload.byteLength;
  return { topic, client, receivedMicros, payloadBytes, digest: digestOf(payload) };
}

/** A digest in place of the bytes, which may be a megabyte for each of thousands. */
function digestOf(payload: Uint8Array): string {
  return createHash('sha256').update(payload).digest('base64');
}

function gather(points: AuditPoints, from: number, to: number, into: Map<number, Found[]>): void {
  for (let i = 0; i < points.offsets.length; i++) {
    const offset = Number(points.offsets[i]);
    if (offset < from || offset >= to) continue;
    const point = {
      series: points.series,
      time: Number(points.times[i]),
      value: points.values[i],
      ordinal: Number(points.ordinals[i]),
    };
    const known = into.get(offset);
    if (known) known.push(point);
    else into.set(offset, [point]);
  }
}

function seriesKey({ tenant, project, device, metric }: Omit<SeriesDefinition, 'id'>): string {
  return `${tenant}\u0000${project}\u0000${device}\u0000${metric}`;
}
