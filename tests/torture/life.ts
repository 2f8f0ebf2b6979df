import { mkdirSync, mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Generator, memoryFolder, ServerProcess } from '@skerry/testkit';
import {
  filesOfFolder,
  findDataFolders,
  readJournal,
  readStore,
  SentBook,
  type VerifyReport,
  verify,
} from '@skerry/verify';

/** Windows that sum to 10,000 messages in flight. */
export const LOAD = {
  connections: 100,
  window: 100,
  devices: 200,
  protocol: 'mixed',
  payload: 'marks',
  tenant: 'torture',
  project: 'run',
  'ack-timeout-ms': 15_000,
} as const;

/** As much in flight from few devices, so that a seal has chunks of single series, which are merged. */
export const LOAD_OF_FEW = { ...LOAD, connections: 10, window: 1_000, devices: 10 } as const;

/** What the sender of a life sends. */
export type LifeLoad = typeof LOAD | typeof LOAD_OF_FEW;

/** Small limits, so that segments roll, seals commit and the journal is trimmed within a second. */
const SERVER_ENV = {
  SKERRY_JOURNAL_BYTES_MAX: String(16 * 2 ** 20),
  SKERRY_PIPELINE_SEAL_POINTS: '30000',
  SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.3',
  SKERRY_LOG_LEVEL: 'warn',
} as const;

/** Seals of few devices are small, so that a merge comes within seconds. */
const SEAL_POINTS_OF_FEW = '5000';

/** Nobody listens here: for a sender whose server has ended before it listened. */
const NO_PORT = 9;
const ANSWERED_MS = 60_000;
const PENDING_MS = 60_000;

/** How a life begins. */
export interface LifeOptions {
  readonly seed: number;
  readonly dataDir?: string;
  readonly failpoint?: ServerFailpoint;
  /** `LOAD` when absent. */
  readonly load?: LifeLoad;
  /** Another server than the product's, for tests of the campaign itself. */
  readonly other?: OtherServer;
}

/** A server that stands in for the product's. */
export interface OtherServer {
  readonly main: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What lies on the disk of a server that is gone. */
export interface Remains {
  readonly journalEnd: number;
  readonly position: number;
}

/** One data folder from its first start on, with its sender and the sender's ledger. */
export class Life implements AsyncDisposable {
  readonly generator: Generator;
  readonly ledger: string;
  readonly dataDir: string;
  readonly load: LifeLoad;
  #folders: Disposable | undefined;
  readonly #other: OtherServer | undefined;
  #server: ServerProcess | undefined;
  kills = 0;

  private constructor(folder: string, dataDir: string, options: LifeOptions, port: number) {
    this.dataDir = dataDir;
    this.#other = options.other;
    this.ledger = join(folder, 'sent.ledger');
    this.load = options.load ?? LOAD;
    this.generator = new Generator({
      ...this.load,
      port,
      ledger: this.ledger,
      epoch: 1 + (options.seed % 1_000_000),
    });
  }

  /** Starts a server on a new data folder, by turns in memory and on disk unless one is given, and a sender that waits. */
  static async begin(options: LifeOptions): Promise<Life> {
    using folders = new DisposableStack();
    const folder = folders.use(memoryFolder('torture'));
    const disk = folders.use(mkdtempDisposableSync(join(tmpdir(), 'skerry-torture-')));
    const dataDir = options.dataDir ?? join(options.seed % 2 === 0 ? disk.path : folder.path, 'data');
    mkdirSync(dataDir, { recursive: true });
    const server = await startServer(dataDir, options.load ?? LOAD, options.other, options.failpoint);
    const life = new Life(folder.path, dataDir, options, server.isAlive ? server.mqttPort : NO_PORT);
    life.#server = server;
    life.#folders = folders.move();
    return life;
  }

  /** The server that runs now. */
  get server(): ServerProcess {
    if (!this.#server) throw new TypeError('No server runs.');
    return this.#server;
  }

  /**
   * Starts the next server, on another folder when one is given, and tells the sender where it is. Fails with a plain
   * error when it came up only after an end that nobody asked for.
   */
  async restart(failpoint?: ServerFailpoint, dataDir = this.dataDir): Promise<void> {
    const server = await startServer(dataDir, this.load, this.#other, failpoint);
    this.#server = server;
    if (!failpoint) server.checkSteady();
    if (server.isAlive) await this.generator.set({ port: server.mqttPort });
  }

  /** Waits until everything is acknowledged and stored, and compares. */
  async judge(dataDir = this.dataDir): Promise<VerifyReport> {
    // what is not answered by then, the report calls stuck
    await Promise.race([this.generator.wait('answered'), pause(ANSWERED_MS, undefined, { ref: false })]);
    const ledger = await this.server.quiet();
    if (!ledger.isBalanced) throw new TypeError('The ledger does not balance.');
    const deadline = performance.now() + PENDING_MS;
    for (;;) {
      const report = await verify({ senderLedgers: [this.ledger], dataDir, findingsMax: 20 });
      if (report.kept.pending === 0) return report;
      if (performance.now() > deadline)
        throw new TypeError(`${report.kept.pending} messages were still pending after ${PENDING_MS} ms.`);
      await pause(100);
    }
  }

  /** What the dead server left. */
  remains(dataDir = this.dataDir): Remains {
    const nothing = (): void => undefined;
    const folders = findDataFolders(dataDir);
    const journal =
      folders.journal === undefined
        ? undefined
        : readJournal(filesOfFolder(folders.journal), nothing, nothing);
    const store = folders.store === undefined ? undefined : readStore(folders.store, new SentBook(), nothing);
    return { journalEnd: journal?.end ?? 0, position: store?.position ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.generator[Symbol.asyncDispose]();
    await this.#server?.kill();
    this.#folders?.[Symbol.dispose]();
  }
}

/** A failpoint as a server is armed with it. */
export type ServerFailpoint = NonNullable<Parameters<typeof ServerProcess.start>[0]['failpoint']>;

function startServer(
  dataDir: string,
  load: LifeLoad,
  other: OtherServer | undefined,
  failpoint: ServerFailpoint | undefined,
): Promise<ServerProcess> {
  return ServerProcess.start({
    dataDir,
    env: {
      ...SERVER_ENV,
      ...(load === LOAD_OF_FEW ? { SKERRY_PIPELINE_SEAL_POINTS: SEAL_POINTS_OF_FEW } : {}),
      ...other?.env,
    },
    ...(other === undefined ? {} : { main: other.main }),
    ...(failpoint ? { failpoint, mayDie: true } : {}),
  });
}
