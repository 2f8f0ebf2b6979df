import { existsSync, mkdirSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '@skerry/kernel/testing';
import { Generator, ServerProcess } from '@skerry/testkit';
import { formatReport, type VerifyReport, verify } from '@skerry/verify';
import { accountsOf } from '../e2e/proof.ts';
import { skerry } from '../e2e/skerry-line.ts';
import { FeedOrder } from './feed-order.ts';
import { FeedReader } from './feed-reader.ts';
import { growthOf, type ProcessSample, quarterAndEnd, type Stand, sampleProcess } from './process-growth.ts';
import { askAllAlong, type Bucket } from './queries.ts';
import { type Hole, RefusedBook } from './refused-book.ts';

/** How a soak is made. */
export interface SoakPlan {
  /** Time under load. */
  readonly secs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
}

/** What a soak came to. */
export interface SoakEnd {
  /** What was wrong, a sentence each. */
  readonly findings: readonly string[];
  /** The figures, for people. */
  readonly figures: string;
}

const RATE = 5_000;
const DEVICES = 200;
const WATCHED = 10;
const TENANT = 'soak';
const PROJECT = 'run';
const LOOK_MS = 250;
const SAID_SECS = 60;
const QUIET_MS = 60_000;
const AUDIT_MS = 900_000;
const FINDINGS_MAX = 50;
/** Small, so that the journal is trimmed again and again; a tenth of it holds more than comes between two seals. */
const JOURNAL_BYTES_MAX = 24 * 2 ** 20;
/** After so many messages the journal has been trimmed: each takes more than 250 bytes of it. */
const TRIMMED_AFTER = (1.2 * JOURNAL_BYTES_MAX) / 250;
const SERVER_ENV = {
  SKERRY_JOURNAL_BYTES_MAX: String(JOURNAL_BYTES_MAX),
  SKERRY_PIPELINE_SEAL_AFTER_SECS: '1',
  SKERRY_LOG_LEVEL: 'warn',
} as const;

/**
 * The real server under load from another process for a time, with one orderly restart in the middle, an event stream
 * and queries all along; everything that can be compared is compared at the end.
 */
export async function soak(plan: SoakPlan): Promise<SoakEnd> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-soak-'));
  await using run = await SoakRun.begin(folder.path, plan);
  await run.load();
  return await run.judge();
}

class SoakRun implements AsyncDisposable {
  readonly #plan: SoakPlan;
  readonly #dataDir: string;
  readonly #ledger: string;
  readonly #generator: Generator;
  readonly #findings: string[] = [];
  /** Of each life of the server. */
  readonly #lives: ProcessSample[][] = [];
  readonly #holes: Hole[] = [];
  readonly #buckets: Bucket[] = [];
  readonly #order = new FeedOrder(
    (finding) => this.#tell(finding),
    (hole) => this.#holes.push(hole),
  );
  readonly #askingOver = new AbortController();
  #server: ServerProcess | undefined;
  #findingsLeftOut = 0;
  #asked = 0;
  #refused = 0;
  #endSecs = 0;
  #restartSecs = 0;
  #loadSecs = 0;
  #connections = 0;
  #watchedTo = 0;

  private constructor(folder: string, dataDir: string, plan: SoakPlan, server: ServerProcess) {
    this.#plan = plan;
    this.#dataDir = dataDir;
    this.#server = server;
    this.#ledger = join(folder, 'sent.ledger');
    this.#generator = new Generator({
      port: server.mqttPort,
      connections: 100,
      window: 100,
      devices: DEVICES,
      protocol: 'mixed',
      payload: 'marks',
      tenant: TENANT,
      project: PROJECT,
      epoch: 1 + (plan.seed % 1_000_000),
      ledger: this.#ledger,
      'ack-timeout-ms': 30_000,
    });
  }

  static async begin(folder: string, plan: SoakPlan): Promise<SoakRun> {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    const server = await ServerProcess.start({ dataDir, env: SERVER_ENV });
    return new SoakRun(folder, dataDir, plan, server);
  }

  /** Keeps everything going for the plan's time, then waits until all is answered. */
  async load(): Promise<void> {
    const generator = this.#generator;
    await generator.wait('up');
    const devices = await this.#firstMessages();
    const names = devices.slice(0, WATCHED).map((device) => `${TENANT}/${PROJECT}/${device}`);
    const tell = (finding: string): void => this.#tell(finding);
    const port = (): number => this.#server?.httpPort ?? Number.NaN;
    const token = (): string => this.#server?.token ?? '';
    await using reader = new FeedReader({ port, token }, names, this.#order, tell);
    await this.#until('the event stream', () => reader.connections > 0);
    const random = new SeededRandom(this.#plan.seed);
    const about = { tenant: TENANT, project: PROJECT, devices, random, tell, stop: this.#askingOver.signal };
    const asking = askAllAlong({
      ...about,
      server: () => this.#server,
      onHole: (hole) => this.#holes.push(hole),
      onBucket: (bucket) => this.#buckets.push(bucket),
    });
    await generator.set({ rate: RATE, isPaused: false });
    await this.#keepGoing();
    await generator.set({ isPaused: true });
    await Promise.race([generator.wait('answered'), pause(QUIET_MS, undefined, { ref: false })]);
    this.#askingOver.abort();
    this.#asked = await asking;
    await this.#runningServer.quiet(QUIET_MS);
    await this.#checkEndOfFeed(names);
    this.#connections = reader.connections;
  }

  /** A few messages of every device, so that queries of any of them have an answer; gives back their names. */
  async #firstMessages(): Promise<string[]> {
    await this.#generator.set({ rate: RATE, isPaused: false });
    let devices: string[] = [];
    await this.#until('all devices', async () => {
      const { items } = Object(await this.#runningServer.get('/api/v1/devices?limit=1000'));
      devices = Array.isArray(items) ? items.map((item) => String(Object(item).device)).sort() : [];
      return devices.length === DEVICES;
    });
    return devices;
  }

  /** Two lives of the server, each as long under load, with a restart between them that does not count. */
  async #keepGoing(): Promise<void> {
    await this.#live();
    if (this.#plan.stop.aborted) return;
    await this.#restart();
    await this.#live();
  }

  /** Looks at the server for half of the plan's time. */
  async #live(): Promise<void> {
    const { secs, say, stop } = this.#plan;
    const samples: ProcessSample[] = [];
    this.#lives.push(samples);
    const server = this.#runningServer;
    const before = this.#loadSecs;
    const startedMs = performance.now();
    let saidSecs = before;
    while (this.#loadSecs < before + secs / 2 && !stop.aborted) {
      if (server.hasCrashed) throw new TypeError(`The server crashed: ${server.stderr}`);
      const sample = sampleProcess(server.pids.server, this.#loadSecs);
      if (sample) samples.push(sample);
      if (sample && this.#loadSecs - saidSecs >= SAID_SECS) {
        saidSecs = this.#loadSecs;
        const { acked } = await this.#generator.result();
        say(
          `  ${saidSecs.toFixed(0)} s: ${acked} acknowledged, ${sample.rssMb.toFixed(0)} MB, ${sample.descriptors} descriptors, ${this.#order.points} points seen`,
        );
      }
      await pause(LOOK_MS);
      this.#loadSecs = before + (performance.now() - startedMs) / 1_000;
    }
  }

  /** An orderly end by SIGTERM under load, and another server on the same folder. */
  async #restart(): Promise<void> {
    const server = this.#runningServer;
    const startedMs = performance.now();
    this.#server = undefined;
    await server[Symbol.asyncDispose]();
    this.#endSecs = (performance.now() - startedMs) / 1_000;
    // an orderly end takes it away; one by force does not
    if (existsSync(join(this.#dataDir, 'run.json')) || server.hasCrashed)
      this.#tell(`the server did not end in an orderly way after SIGTERM; its stderr ends: ${server.stderr}`);
    this.#server = await ServerProcess.start({ dataDir: this.#dataDir, env: SERVER_ENV });
    await this.#generator.set({ port: this.#server.mqttPort });
    await this.#generator.wait('up');
    this.#restartSecs = (performance.now() - startedMs) / 1_000;
  }

  /** The stream has told of the newest point of every watched device. */
  async #checkEndOfFeed(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { items } = Object(await this.#runningServer.get(`/api/v1/devices/${name}/latest`));
      const latest = Array.isArray(items)
        ? Object(items.find((item) => Object(item).metric === 'n')).value
        : undefined;
      const device = String(name.split('/')[2]);
      const isSeen = (): boolean => this.#order.last.get(device) === latest;
      await this.#until('', isSeen, 10_000).catch(() =>
        this.#tell(
          `the stream ended at ${this.#order.last.get(device)} of ${device}, the store at ${latest}`,
        ),
      );
      this.#watchedTo += Number(latest);
    }
  }

  /** Compares everything with everything. */
  async judge(): Promise<SoakEnd> {
    const server = this.#runningServer;
    if (this.#plan.stop.aborted) this.#tell('ended early, on request');
    const { isBalanced } = await server.ledger();
    if (!isBalanced) this.#tell('the ledger does not balance at the end');
    // asked before the verifier, which reads for minutes without a turn for connections that the server gives up meanwhile
    const accounts = await accountsOf(server);
    const report = await verify({ senderLedgers: [this.#ledger], dataDir: this.#dataDir, findingsMax: 20 });
    if (!report.isClean) this.#tell(formatReport(report));
    this.#checkHoles();
    this.#checkAccounts(report, accounts);
    await this.#checkAudit();
    this.#checkTrimmed(report);
    if (this.#order.points === 0) this.#tell('the stream told of no point');
    if (server.hasCrashed) this.#tell(`the server crashed: ${server.stderr}`);
    const stands = this.#checkGrowth();
    if (this.#findingsLeftOut > 0) this.#findings.push(`${this.#findingsLeftOut} further findings`);
    return { findings: this.#findings, figures: this.#figures(report, stands) };
  }

  /** What the stream and the answers left out is what the sender was refused. */
  #checkHoles(): void {
    const refused = RefusedBook.read(this.#ledger);
    this.#refused = refused.count;
    for (const hole of this.#holes) {
      const missing = refused.missing(hole);
      if (missing !== undefined)
        this.#tell(
          `${hole.where} left out ${missing} of ${hole.device}, which was not refused (in ${hole.from} to ${hole.to})`,
        );
    }
    for (const { device, time, count, min, max } of this.#buckets) {
      const wanted = max - min + 1 - refused.countIn(device, min, max);
      if (count < wanted)
        this.#tell(
          `the bucket ${time} of ${device} has ${count} points and not ${wanted}, from ${min} to ${max}`,
        );
    }
  }

  /** Everything acknowledged is one stored record, by the server's own accounts. */
  #checkAccounts(report: VerifyReport, accounts: Awaited<ReturnType<typeof accountsOf>>): void {
    const { received, stored, deduplicated, pending } = accounts;
    if (stored !== report.sent.acked || received !== stored + deduplicated || pending !== 0)
      this.#tell(
        `the ledger says received ${received}, stored ${stored}, deduplicated ${deduplicated}, pending ${pending}; the sender has ${report.sent.acked} acknowledged`,
      );
  }

  async #checkAudit(): Promise<void> {
    const audit = await skerry('ledger --audit -o json', { dataDir: this.#dataDir, mostMs: AUDIT_MS });
    if (audit.code !== 0)
      this.#tell(`the audit ended with ${audit.code}: ${audit.out.slice(0, 2_000)}${audit.err}`);
  }

  #checkTrimmed({ sent, kept }: VerifyReport): void {
    if (sent.acked > TRIMMED_AFTER && (kept.journal?.start ?? 0) === 0)
      this.#tell(`the journal was never trimmed, after ${sent.acked} messages`);
  }

  /** Over the whole run, and within each life of the server, which a restart would hide. */
  #checkGrowth(): { quarter: Stand; end: Stand } | undefined {
    const parts = this.#lives.map((samples, i) => [`life ${i + 1} of the server`, samples] as const);
    for (const [where, samples] of parts) {
      const stands = quarterAndEnd(samples);
      if (stands) for (const finding of growthOf(stands.quarter, stands.end, where)) this.#tell(finding);
      else this.#tell(`${where} could not be looked at after its first quarter and at its end`);
    }
    const whole = quarterAndEnd(this.#lives.flat());
    if (whole) for (const finding of growthOf(whole.quarter, whole.end, 'the whole run')) this.#tell(finding);
    return whole;
  }

  #figures({ sent, kept }: VerifyReport, stands: { quarter: Stand; end: Stand } | undefined): string {
    const parts = [
      `${this.#loadSecs.toFixed(0)} s`,
      `${sent.acked} messages acknowledged, ${this.#refused} refused, ${sent.sentAgain} sent again`,
      `journal from ${kept.journal?.start} to ${kept.journal?.end}`,
      `${this.#asked} queries`,
      `${this.#order.points} of ${this.#watchedTo} watched points over ${this.#connections} streams, ${this.#order.toldGaps} told gaps`,
      `orderly end ${this.#endSecs.toFixed(1)} s, all senders back after ${this.#restartSecs.toFixed(1)} s`,
      ...this.#lives.map((samples, i) => memoryText(`life ${i + 1}`, quarterAndEnd(samples))),
      memoryText('whole run', stands),
    ];
    return parts.join('; ');
  }

  #tell(finding: string): void {
    if (this.#findings.length < FINDINGS_MAX) {
      this.#findings.push(finding);
      this.#plan.say(`  ✖ ${finding}`);
    } else this.#findingsLeftOut += 1;
  }

  get #runningServer(): ServerProcess {
    if (!this.#server) throw new TypeError('No server runs.');
    return this.#server;
  }

  async #until(what: string, look: () => boolean | Promise<boolean>, mostMs = QUIET_MS): Promise<void> {
    const deadline = performance.now() + mostMs;
    while (!(await look())) {
      if (performance.now() > deadline) throw new TypeError(`Waited ${mostMs} ms for ${what}.`);
      await pause(LOOK_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#askingOver.abort();
    await this.#generator[Symbol.asyncDispose]();
    await this.#server?.kill();
  }
}

function memoryText(where: string, stands: { quarter: Stand; end: Stand } | undefined): string {
  if (!stands) return `${where}: memory not known`;
  const { quarter, end } = stands;
  return `${where}: ${quarter.rssMb.toFixed(0)} MB after a quarter, ${end.rssMb.toFixed(0)} MB at the end, descriptors ${quarter.descriptors} and ${end.descriptors}`;
}
