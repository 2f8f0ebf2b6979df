import type { Disk, FailpointName, Logger } from '@skerry/kernel';
import type {
  FakeClock,
  RunLog,
  SeededRandom,
  SimulatedDisk,
  SimulatedHost,
  SimulatedNet,
} from '@skerry/kernel/testing';
import type { MemoryAuditSource } from '@skerry/pipeline';
import type { MemoryStore } from '@skerry/series/memory';
import { type Death, FaultBoard } from './fault-board.ts';
import type { FeedWatcher } from './feed-watcher.ts';
import type { Operator } from './operator.ts';
import { ProcessClock } from './process-clock.ts';
import { type ProcessStore, processStore } from './process-store.ts';
import type { SeenBook } from './seen-book.ts';
import { openServer, type Server, type ServerSetting } from './server.ts';
import { tapped } from './wire-tap.ts';

/** What outlives every process: the machine, its disk, its network, its time, and those who watch. */
export interface World {
  readonly clock: FakeClock;
  readonly net: SimulatedNet;
  readonly random: SeededRandom;
  readonly log: RunLog;
  readonly store: MemoryStore;
  readonly audit: MemoryAuditSource;
  readonly seen: SeenBook;
  readonly feed: FeedWatcher;
  readonly operator: Operator | undefined;
  /** The broker has refused the publication with this payload. */
  readonly refused: (payload: Uint8Array) => void;
  /** What the process sees instead of the disk; the disk itself unless a removal is tried. */
  readonly alter: (disk: Disk) => Disk;
}

interface Life {
  readonly number: number;
  readonly clock: ProcessClock;
  readonly host: SimulatedHost;
  readonly store: ProcessStore;
  server: Server | undefined;
}

/** Faults that no kill, no power cut and no fault of the disk excuses. */
const NEVER = new Set([
  'journal-damaged',
  'journal-foreign',
  'batch-malformed',
  'store-ahead',
  'journal-trimmed-early',
  'seal-out-of-order',
  'journal-changed',
]);

/** The machine with the server under test: starts it, ends it in the ways machines do, and starts it again. */
export class SimulatedNode {
  readonly board: FaultBoard;
  /** Faults that must not come, whatever happened before, and errors of the log. */
  readonly alarms: string[] = [];
  /** Ends of processes by how they came. */
  readonly ends = new Map<string, number>();
  threadDelayMs: readonly [least: number, most: number] = [0, 1];
  storeFullShare = 0;
  lastFault = '';
  readonly #world: World;
  readonly #setting: ServerSetting;
  readonly #random: SeededRandom;
  #disk: SimulatedDisk;
  #life: Life | undefined;
  #lives = 0;
  #nextStart: (() => void)[] = [];

  constructor(world: World, setting: ServerSetting, disk: SimulatedDisk) {
    this.#world = world;
    this.#setting = setting;
    this.#disk = disk;
    this.#random = world.random.fork('node');
    this.board = new FaultBoard(world.random.fork('faults'), (death, where) => this.die(death, where));
    disk.setFaults(this.board.plan);
  }

  /** The server, while it runs. */
  get server(): Server | undefined {
    return this.#life?.server;
  }

  get disk(): SimulatedDisk {
    return this.#disk;
  }

  get lives(): number {
    return this.#lives;
  }

  /** Failpoints of the store, which belongs to no process: what has been committed stays so, whoever dies of it. */
  storeHook(name: FailpointName): void {
    const before = this.#life;
    try {
      this.board.hook(name);
    } catch (cause) {
      if (name !== 'seal-after-commit' || this.#life === before) throw cause;
    }
  }

  /** Does something once the next process has begun. */
  onNextStart(action: () => void): void {
    this.#nextStart.push(action);
  }

  /** Forgets what was to be done at the next start. */
  forgetPlans(): void {
    this.#nextStart = [];
    this.board.clear();
  }

  /** Starts the server; it is started again by itself whenever it ends. */
  start(): void {
    const { clock, net, audit } = this.#world;
    const life: Life = {
      number: ++this.#lives,
      clock: new ProcessClock(clock),
      host: net.host(),
      store: processStore(audit.store, this.#random, () => this.storeFullShare),
      server: undefined,
    };
    this.#life = life;
    this.#world.log.add(`node start ${life.number}`);
    for (const action of this.#nextStart.splice(0)) action();
    this.#open(life).catch((cause: unknown) => this.#failed(life, cause));
  }

  /** The process, or with it the machine, ends at this moment. A machine without a process can lose its power too. */
  die(death: Death, where: string): void {
    const life = this.#life;
    if (!life && death === 'kill') return;
    this.#world.log.add(`node ${death} ${where}`);
    this.#count(death);
    this.#end(life);
    this.#disk = death === 'kill' ? this.#disk.kill() : this.#disk.powerCut(this.#random);
    if (life) this.#startLater(this.#random.between(5, 500));
  }

  /** Asks the server to stop as a signal does; it is started again when it has. */
  stop(): void {
    const life = this.#life;
    const server = life?.server;
    if (!life || !server) return;
    this.#world.log.add('node stop');
    life.server = undefined;
    server[Symbol.asyncDispose]().then(
      () => this.#exit(life, 'stop'),
      (cause: unknown) => this.#failed(life, cause),
    );
  }

  async #open(life: Life): Promise<void> {
    const { seen, feed, alter, random } = this.#world;
    const server = await openServer(this.#setting, {
      disk: alter(this.#disk),
      net: tapped(life.host, {
        refused: this.#world.refused,
        note: (line, bytes) => this.#world.log.add(line, bytes),
        isRefusing: () => life.server?.refusal() !== undefined,
      }),
      clock: life.clock,
      random: random.fork(`process ${life.number}`),
      store: life.store.store,
      failpoint: this.board.hook,
      logger: this.#logger(life),
      threadDelayMs: () => this.#threadDelay(),
      seen: (batch, end) => life === this.#life && seen.note(batch, end),
      opened: (end) => life === this.#life && seen.compareEnd(end),
      failed: (cause) => this.#failed(life, cause),
    });
    if (life !== this.#life) return;
    life.server = server;
    this.#world.log.add(`node ready ${life.number}`);
    feed.follow(server.pipeline, life.clock);
    this.#world.operator?.follow(server, life.clock, (cause) => this.#failed(life, cause));
  }

  #threadDelay(): number {
    const [least, most] = this.threadDelayMs;
    return least + this.#random.float() * (most - least);
  }

  #logger(life: Life): Logger {
    return {
      log: (level, message, fields) => {
        if (life !== this.#life) return;
        this.#world.log.add(`log ${level} ${message}`);
        const code = fields?.code;
        if (typeof code === 'string' && NEVER.has(code)) this.alarms.push(`${message} (${code})`);
        if (message === 'Journal and pipeline count differently') this.alarms.push(String(fields?.detail));
      },
    };
  }

  /** A fault that the process does not outlive: it exits, and the supervisor starts another. */
  #failed(life: Life, cause: unknown): void {
    if (life !== this.#life) return;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'uncoded';
    const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    this.lastFault = `${code}: ${message}`;
    if (NEVER.has(code) || code === 'uncoded') this.alarms.push(this.lastFault);
    this.#exit(life, code);
  }

  #exit(life: Life, how: string): void {
    if (life !== this.#life) return;
    this.#world.log.add(`node exit ${how}`);
    this.#count(`exit ${how}`);
    this.#end(life);
    this.#disk = this.#disk.kill();
    this.#startLater(this.#random.between(50, 1_000));
  }

  #end(life: Life | undefined): void {
    this.#life = undefined;
    life?.clock.end();
    life?.store.end();
    life?.host.crash();
    this.#world.store.rollBack();
  }

  #startLater(delayMs: number): void {
    this.#world.clock.startTimer(delayMs, () => {
      if (!this.#life) this.start();
    });
  }

  #count(how: string): void {
    this.ends.set(how, (this.ends.get(how) ?? 0) + 1);
  }
}
