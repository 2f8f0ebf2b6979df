import type { Disk } from '@skerry/kernel';
import { FakeClock, RunLog, SeededRandom, SimulatedDisk, SimulatedNet } from '@skerry/kernel/testing';
import { DEFAULT_ROUTES, MemoryAuditSource } from '@skerry/pipeline';
import { MemoryStore } from '@skerry/series/memory';
import { ProcessGone } from './fault-board.ts';
import { FeedWatcher } from './feed-watcher.ts';
import { SimulatedNode, type World } from './node.ts';
import { Operator } from './operator.ts';
import { SeenBook } from './seen-book.ts';
import { Sender } from './sender.ts';
import { SentLedger } from './sent-ledger.ts';
import type { ServerSetting } from './server.ts';
import { Stranger } from './stranger.ts';
import { type Finding, judge } from './verdicts.ts';
import { Visitor } from './visitor.ts';
import { Watcher } from './watcher.ts';
import { type Focus, planWeather } from './weather.ts';

/** How a run is made other than by its seed. */
export interface RunOptions {
  /** What processes see instead of the disk. */
  readonly alter?: (disk: Disk) => Disk;
  /** What the run is about; drawn by the seed when absent. */
  readonly focus?: Focus;
  /** Without clients of others: removals, whose seeds are known, are judged in a world that stays the same. */
  readonly hasNoStrangers?: boolean;
  /** Keeps every line of the log, to look into one run. */
  readonly keepLines?: boolean;
}

/** What a run came to. */
export interface RunReport {
  readonly seed: number;
  /** The same for the same seed, whatever the machine does. */
  readonly digest: string;
  /** Nothing, when all is well. */
  readonly findings: readonly Finding[];
  readonly messages: number;
  readonly acked: number;
  readonly lives: number;
  /** Ends of processes by how they came. */
  readonly ends: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
}

const PORT = 1883;
const CAPACITY_BYTES = 2 ** 20;
/** How long the world may take to come to rest after the last disturbance. */
const REST_MS = 90_000;
const EVENTS_MAX = 400_000;
const FOLDER = '/data';

/** Runs one seed: devices publish while things go wrong; then all is mended, comes to rest, and is judged. */
export async function simulate(seed: number, options: RunOptions = {}): Promise<RunReport> {
  const run = new Run(seed, options);
  const stray = (fault: unknown): void => run.takeStray(fault);
  process.on('unhandledRejection', stray);
  try {
    await run.go();
  } catch (fault) {
    run.takeStray(fault);
  } finally {
    process.off('unhandledRejection', stray);
  }
  return run.report();
}

class Run {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #focus: Focus;
  readonly #hasNoStrangers: boolean;
  readonly #log: RunLog;
  readonly #clock = new FakeClock();
  readonly #net: SimulatedNet;
  readonly #ledger = new SentLedger();
  readonly #world: World;
  readonly #node: SimulatedNode;
  readonly #senders: Sender[] = [];
  readonly #watchers: Watcher[] = [];
  readonly #visitors: Pick<Visitor, 'stop'>[] = [];
  readonly #findings: Finding[] = [];
  #events = 0;

  constructor(seed: number, options: RunOptions) {
    this.#seed = seed;
    const random = new SeededRandom(`simulation ${seed}`);
    this.#random = random;
    const drawn = random.pick<Focus>(['all', 'all', 'all', 'all', 'all', 'rolls', 'room', 'birth', 'birth']);
    this.#focus = options.focus ?? drawn;
    this.#hasNoStrangers = options.hasNoStrangers ?? false;
    this.#log = new RunLog({ keepLines: options.keepLines ?? false });
    const log = this.#log;
    const clock = this.#clock;
    this.#net = new SimulatedNet({ clock, random: random.fork('net'), log, kernelBytes: 4_096 });
    const store = new MemoryStore({
      failpoint: (name) => this.#node.storeHook(name),
      clock,
      breathe: () => clock.sleep(0),
      commitDelay: () => clock.sleep(random.float() * 30),
    });
    this.#world = {
      clock,
      net: this.#net,
      random: random.fork('world'),
      log,
      store,
      audit: new MemoryAuditSource(store),
      seen: new SeenBook(),
      refused: (payload) => this.#ledger.noteRefusal(payload),
      operator: random.chance(0.6) ? new Operator(random.fork('operator')) : undefined,
      feed: new FeedWatcher(this.#ledger, () => log.add('feed')),
      alter: options.alter ?? ((inner) => inner),
    };
    const disk = new SimulatedDisk({
      capacityBytes: CAPACITY_BYTES,
      folders: [FOLDER],
      random: random.fork('disk'),
      log,
    });
    this.#node = new SimulatedNode(this.#world, settingOf(random, this.#focus), disk);
  }

  async go(): Promise<void> {
    const random = this.#random;
    const focus = this.#focus;
    const isBirth = focus === 'birth';
    const chaosMs = isBirth ? random.between(50, 500) : random.between(1_500, 6_000);
    planWeather(this.#weatherNeeds(), chaosMs, focus);
    if (isBirth || random.chance(0.3))
      this.#node.board.dieAtOperation(random.between(1, 16), random.pick(['kill', 'power-cut', 'power-cut']));
    this.#node.start();
    this.#populate(isBirth ? [3, 10] : [40, 120, 300]);
    await this.#until(() => this.#clock.monotonicMs() >= chaosMs);
    this.#mend();
    if (!(await this.#rest('before the last end'))) return;
    this.#lastEnd();
    if (!(await this.#rest('after the last end'))) return;
    await this.#judge();
  }

  /** A fault that nobody caught: what a process meant to do after its end, or a defect. */
  takeStray(fault: unknown): void {
    if (ProcessGone.isCauseOf(fault)) return;
    const detail = fault instanceof Error ? String(fault.stack) : String(fault);
    this.#findings.push({ verdict: 'alarm', detail: `nobody caught ${detail}` });
  }

  report(): RunReport {
    const { messages } = this.#ledger;
    return {
      seed: this.#seed,
      digest: this.#log.digest,
      findings: this.#findings,
      messages: messages.length,
      acked: messages.filter((message) => message.isAcked).length,
      lives: this.#node.lives,
      ends: this.#node.ends,
      lines: this.#log.lines,
    };
  }

  #populate(totals: readonly [number, ...number[]]): void {
    const random = this.#random;
    const needs = { net: this.#net.host(), clock: this.#clock, ledger: this.#ledger, port: PORT };
    const count = random.between(1, 5);
    for (let i = 0; i < count; i++) {
      const total = random.pick(totals);
      this.#senders.push(new Sender(`dev-${i}`, total, { ...needs, random: random.fork(`sender ${i}`) }));
    }
    for (let i = random.int(3); i > 0; i--)
      this.#visitors.push(new Visitor(`visitor-${i}`, { ...needs, random: random.fork(`visitor ${i}`) }));
    if (!this.#hasNoStrangers)
      this.#visitors.push(new Stranger({ ...needs, random: new SeededRandom(`stranger ${this.#seed}`) }));
    for (let i = random.int(3); i > 0; i--) this.#watchers.push(new Watcher(`watcher-${i}`, needs));
  }

  #weatherNeeds() {
    const node = this.#node;
    return {
      clock: this.#clock,
      net: this.#net,
      board: node.board,
      random: this.#random.fork('weather'),
      die: node.die.bind(node),
      stop: node.stop.bind(node),
      onNextStart: node.onNextStart.bind(node),
      leaveFree: (bytes: number | undefined) =>
        node.disk.setCapacity(bytes === undefined ? CAPACITY_BYTES : node.disk.usedBytes + bytes),
      setThreadDelay: (least: number, most: number) => {
        node.threadDelayMs = [least, most];
      },
      setStoreFull: (share: number) => {
        node.storeFullShare = share;
      },
      note: (line: string) => this.#log.add(line),
    };
  }

  /** Everything works again from here on, and stays so. */
  #mend(): void {
    const node = this.#node;
    this.#log.add('mended');
    for (const visitor of this.#visitors) visitor.stop();
    this.#world.operator?.stop();
    node.forgetPlans();
    node.threadDelayMs = [0, 1];
    node.storeFullShare = 0;
    node.disk.setCapacity(CAPACITY_BYTES);
    for (const link of this.#net.links) link.setBlackHole(false);
  }

  /** The last test of durability: whatever was acknowledged and at rest must survive this. */
  #lastEnd(): void {
    const draw = this.#random.int(4);
    if (draw === 0) this.#node.stop();
    else this.#node.die(draw === 1 ? 'kill' : 'power-cut', 'at rest');
  }

  async #rest(when: string): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + REST_MS;
    let calmSinceMs: number | undefined;
    const isCalm = (): boolean => {
      const nowMs = this.#clock.monotonicMs();
      if (!this.#isQuiet()) calmSinceMs = undefined;
      else calmSinceMs ??= nowMs;
      return (calmSinceMs !== undefined && nowMs - calmSinceMs > 300) || nowMs > untilMs;
    };
    await this.#until(isCalm);
    if (this.#isQuiet()) return true;
    this.#findings.push({ verdict: 'stuck', detail: `${when}: ${this.#standing()}` });
    this.#addStanding();
    return false;
  }

  #isQuiet(): boolean {
    const server = this.#node.server;
    if (!server || !this.#senders.every((sender) => sender.isDone)) return false;
    const { pipeline, journalEnd } = server;
    return pipeline.committedPosition >= journalEnd() && pipeline.ledger().totals.pending === 0;
  }

  #standing(): string {
    const server = this.#node.server;
    const parts = [
      server
        ? `journal end ${server.journalEnd()}, committed ${server.pipeline.committedPosition}, pending ${server.pipeline.ledger().totals.pending}, refusal ${String(server.refusal())}`
        : `no server; last fault ${this.#node.lastFault}`,
      ...this.#senders.filter((sender) => !sender.isDone).map((sender) => sender.standing),
    ];
    return parts.join('; ');
  }

  /** Lets the world go on, event by event, until something is so. */
  async #until(isSo: () => boolean): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isSo() || ++this.#events > EVENTS_MAX) return;
      try {
        if (!this.#clock.fireNext()) return;
      } catch (fault) {
        this.takeStray(fault);
      }
    }
  }

  async #judge(): Promise<void> {
    const { server } = this.#node;
    if (!server) return;
    const { store, audit, feed } = this.#world;
    this.#findings.push(...(await judge(this.#ledger, store, feed)));
    this.#addStanding();
    const ledger = server.pipeline.ledger();
    if (!ledger.balanced)
      this.#findings.push({ verdict: 'unbalanced', detail: ledger.imbalances.join('; ') });
    for (const { code, detail } of server.pipeline.alarms())
      this.#findings.push({ verdict: 'alarm', detail: `${code} ${detail}` });
    const report = await server.audit(audit);
    if (!report?.balanced || report.findings.length > 0)
      this.#findings.push({ verdict: 'audit', detail: JSON.stringify(report?.findings.slice(0, 5)) });
  }

  /** What was noted while the run went on. */
  #addStanding(): void {
    for (const detail of this.#world.seen.violations) this.#findings.push({ verdict: 'disappeared', detail });
    for (const detail of this.#node.alarms) this.#findings.push({ verdict: 'alarm', detail });
    const phantoms = this.#watchers.reduce((sum, watcher) => sum + watcher.phantoms, 0);
    if (phantoms > 0)
      this.#findings.push({ verdict: 'phantom', detail: `${phantoms} deliveries of what nobody sent` });
  }
}

function settingOf(random: SeededRandom, focus: Focus): ServerSetting {
  const journalBytesMax = random.pick([49_152, 131_072]);
  return {
    port: PORT,
    folder: `${FOLDER}/journal`,
    journalBytesMax,
    segmentBytes: focus === 'rolls' ? 600 : journalBytesMax / random.pick([10, 32, 100]),
    // ages of no time, so that everything that is done with is given up; or an hour, which only a jumping clock reaches
    ...(random.chance(0.5) || focus === 'rolls' || focus === 'age'
      ? { hoursMax: hoursMaxOf(random, focus) }
      : {}),
    batchBytesMax: random.pick([600, 1_500]),
    reserveBytes: random.pick([0, 8_192]),
    routes: DEFAULT_ROUTES,
    // rare seals fill the journal up, so that what is done with is given up at once
    sealPoints: focus === 'rolls' ? 3_000 : random.pick([30, 300, 3_000]),
    sealAgeMs: focus === 'rolls' ? 900 : random.pick([80, 700, 15_000]),
    sealIdleMs: focus === 'rolls' ? 1_000 : random.pick([100, 1_000]),
    pipelineCreditBytes: random.pick([0, 3_000, 65_536]),
  };
}

function hoursMaxOf(random: SeededRandom, focus: Focus): number {
  if (focus === 'rolls') return 0.0000001;
  return focus === 'age' ? 1 : random.pick([1, 0.0005]);
}
