import { LatencyHistogram } from './latency-histogram.ts';
import { LedgerFile } from './ledger-file.ts';
import { type ClientDevice, LoadClient } from './load-client.ts';
import { fieldHundredths, type MessageShape } from './message-shape.ts';
import { type ProtocolLevel, PublishTemplate } from './publish-template.ts';

/** What a run sends, and how. */
export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  /** Messages in flight of each connection. */
  readonly window: number;
  /** In all; at least one for each connection. */
  readonly devices: number;
  /** Messages a second in all; 0 is as many as are acknowledged. */
  readonly rate: number;
  /** 4 is MQTT 3.1.1; `mixed`: every second connection. */
  readonly protocol: ProtocolLevel | 'mixed';
  readonly tenant: string;
  readonly project: string;
  readonly epoch: number;
  readonly shape: MessageShape;
  /** Where the sender's ledger is written; for `marks` only. */
  readonly ledger?: string;
  readonly ackTimeoutMs: number;
  /** Most messages; 0 is no bound. */
  readonly count: number;
}

/** How a run stands. */
export interface LoadState {
  readonly sent: number;
  readonly acked: number;
  readonly refused: number;
  readonly unacked: number;
  readonly connectionsUp: number;
}

/** What a run came to, over what was measured. */
export interface LoadResult {
  readonly acked: number;
  readonly refused: number;
  readonly secs: number;
  readonly perSec: number;
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
  /** CPU seconds of the generator's process. */
  readonly cpuSecs: number;
  readonly cpuSecsPerMillion: number;
  /** Of the whole run: connections lost, messages acknowledged, and for `fields` the sums of their fields. */
  readonly connectionsLost: number;
  readonly ackedInAll: number;
  readonly sums: readonly number[];
}

const TICK_MS = 1;
const CHECK_MS = 250;

/** Many clients that publish together. Disposing stops them. */
export class LoadRun implements Disposable {
  readonly latencies = new LatencyHistogram();
  readonly #plan: LoadPlan;
  readonly #clients: readonly LoadClient[];
  readonly #ledger: LedgerFile | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #sums: Float64Array;
  readonly #waiters = new Set<() => void>();
  #port: number;
  #rate: number;
  #isPaused = false;
  #tokens = 0;
  #filledMs = performance.now();
  #sent = 0;
  #acked = 0;
  #refused = 0;
  #up = 0;
  #lost = 0;
  #mark = { ms: 0, cpu: process.cpuUsage(), acked: 0, refused: 0 };
  /** Hears of the moment when the last connection that was up is gone, with what was unacknowledged then. */
  onAllDown: (unacked: number) => void = () => undefined;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#port = plan.port;
    this.#rate = plan.rate;
    this.#sums = new Float64Array(plan.shape.kind === 'fields' ? plan.shape.metrics : 0);
    const devices = Array.from({ length: plan.devices }, (_, i) => deviceOf(plan, i));
    this.#ledger = plan.ledger === undefined ? undefined : new LedgerFile(plan.ledger, devices);
    this.#clients = Array.from({ length: plan.connections }, (_, i) => this.#client(i, devices));
  }

  /** Connects all clients and begins to send. */
  start(): void {
    for (const client of this.#clients) client.start();
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(setInterval(() => this.#check(), CHECK_MS));
  }

  /** Where clients connect from now on. */
  set port(port: number) {
    this.#port = port;
  }

  /** Messages a second from now on; 0 is as many as are acknowledged. */
  set rate(rate: number) {
    this.#rate = rate;
    this.#tokens = 0;
    this.#filledMs = performance.now();
  }

  /** No new messages while paused; what is unacknowledged is still sent again after a reconnect. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) this.#sendAll();
  }

  /** How the run stands. */
  state(): LoadState {
    return {
      sent: this.#sent,
      acked: this.#acked,
      refused: this.#refused,
      unacked: this.#sent - this.#acked - this.#refused,
      connectionsUp: this.#up,
    };
  }

  /** Forgets what was measured until now. */
  beginMeasuring(): void {
    this.latencies.clear();
    const { ms, ...rest } = {
      ms: performance.now(),
      cpu: process.cpuUsage(),
      acked: this.#acked,
      refused: this.#refused,
    };
    this.#mark = { ms, ...rest };
  }

  /** What was measured. */
  result(): LoadResult {
    const secs = (performance.now() - this.#mark.ms) / 1_000;
    const acked = this.#acked - this.#mark.acked;
    const cpu = process.cpuUsage(this.#mark.cpu);
    const cpuSecs = (cpu.user + cpu.system) / 1e6;
    return {
      acked,
      refused: this.#refused - this.#mark.refused,
      secs,
      perSec: acked / secs,
      latencyMs: {
        p50: this.latencies.percentile(0.5),
        p90: this.latencies.percentile(0.9),
        p99: this.latencies.percentile(0.99),
        max: this.latencies.maxMs,
      },
      cpuSecs,
      cpuSecsPerMillion: acked > 0 ? (cpuSecs / acked) * 1e6 : 0,
      connectionsLost: this.#lost,
      ackedInAll: this.#acked,
      sums: [...this.#sums].map((hundredths) => hundredths / 100),
    };
  }

  /** Resolves when `isTrue` is, looked at about every millisecond. */
  until(isTrue: (state: LoadState) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isTrue(this.state())) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
    });
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const client of this.#clients) client.stop();
    this.#ledger?.[Symbol.dispose]();
  }

  #client(number: number, devices: readonly ReturnType<typeof deviceOf>[]): LoadClient {
    const { connections, protocol, window, epoch, shape, ackTimeoutMs } = this.#plan;
    const level = protocol === 'mixed' ? (number % 2 === 0 ? 4 : 5) : protocol;
    const own: ClientDevice[] = [];
    for (let i = number; i < devices.length; i += connections) {
      const device = devices[i] as ReturnType<typeof deviceOf>; // i is below the length
      own.push({ index: i, template: new PublishTemplate(device, epoch, shape, level), seq: 0 });
    }
    const options = { clientId: `load-${epoch}-${number}`, level, window, epoch, devices: own, ackTimeoutMs };
    const { latencies } = this;
    return new LoadClient(options, {
      latencies,
      ledger: this.#ledger,
      port: () => this.#port,
      allowance: () => this.#allowance(),
      onSent: (count) => {
        this.#sent += count;
        this.#tokens -= count;
      },
      onAnswered: (_, seq, isAcked) => this.#count(seq, isAcked),
      onUp: () => {
        this.#up += 1;
      },
      onDown: () => this.#down(),
    });
  }

  #count(seq: number, isAcked: boolean): void {
    if (!isAcked) {
      this.#refused += 1;
      return;
    }
    this.#acked += 1;
    for (let i = 0; i < this.#sums.length; i++)
      this.#sums[i] = Number(this.#sums[i]) + fieldHundredths(seq, i);
  }

  #down(): void {
    this.#up -= 1;
    this.#lost += 1;
    if (this.#up === 0) this.onAllDown(this.state().unacked);
  }

  #allowance(): number {
    if (this.#isPaused) return 0;
    const left = this.#plan.count > 0 ? this.#plan.count - this.#sent : Number.POSITIVE_INFINITY;
    return Math.min(left, this.#rate > 0 ? Math.floor(this.#tokens) : Number.POSITIVE_INFINITY);
  }

  #tick(): void {
    this.#ledger?.tick();
    const now = performance.now();
    if (this.#rate > 0) {
      // what could not be sent in time is not made up for at once
      const most = Math.max(1, this.#rate / 10);
      this.#tokens = Math.min(most, this.#tokens + ((now - this.#filledMs) / 1_000) * this.#rate);
      this.#filledMs = now;
      this.#sendAll();
    }
    this.#ledger?.flush();
    for (const look of this.#waiters) look();
  }

  /** Everybody in turn, each time beginning with another, so that few tokens are not always the same client's. */
  #sendAll(): void {
    const { length } = this.#clients;
    const first = this.#sent % length;
    for (let i = 0; i < length && this.#allowance() > 0; i++) this.#clients[(first + i) % length]?.send();
  }

  #check(): void {
    for (const client of this.#clients) client.checkProgress();
  }
}

function deviceOf({ tenant, project, devices }: LoadPlan, index: number) {
  const device = `load-${String(index).padStart(String(devices).length, '0')}`;
  return { tenant, project, device, topic: `mtic/msg/client/realtime/${tenant}/${project}/${device}` };
}
