import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type EngineCertificates, makeEngineCertificates } from './certificates.ts';
import { EngineFolder } from './engine-folder.ts';
import { EngineProcess } from './engine-process.ts';
import { onFreePorts } from './ports.ts';
import { copyPostgresTemplate } from './postgres-template.ts';
import { endsWell, findPostgresFolder, runTool } from './programs.ts';

const STREAMS_MS = 30_000;
const LOOK_MS = 15;

/** How a PostgreSQL server is started. */
export interface PostgresOptions {
  /** A hot standby beside it that streams from it; `synchronous`: a commit waits until the standby has it on disk. */
  readonly standby?: boolean | 'synchronous';
  /** Connections over TCP have to be encrypted; `mutual`: with a certificate of the client too. */
  readonly tls?: boolean | 'mutual';
  /** What the user `skerry` signs in with over TCP (SCRAM); nothing is asked when absent. */
  readonly password?: string;
  /** Further settings, `max_connections` for instance; of the standby too. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** One server of PostgreSQL. Connections go to 127.0.0.1 as the superuser `skerry`, to the database `skerry`. */
export class PostgresServer {
  readonly port: number;
  readonly #engine: EngineProcess;
  readonly #plan: ServerPlan;

  /** Not for callers: `startPostgres` makes it. */
  constructor(engine: EngineProcess, plan: ServerPlan) {
    this.port = plan.port;
    this.#engine = engine;
    this.#plan = plan;
  }

  /** Address for clients; without anything of TLS, which they say themselves. */
  url(database = 'skerry'): string {
    const { password } = this.#plan.place.options;
    const secret = password === undefined ? '' : `:${encodeURIComponent(password)}`;
    return `postgres://skerry${secret}@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs SQL as superuser past the network; rows as lines, columns parted by `|`. Fails with a plain error. */
  async sql(text: string, database = 'skerry'): Promise<string> {
    const socketFolder = join(this.#plan.place.folder, 'sockets');
    const place = ['-h', socketFolder, '-p', String(this.port), '-U', 'skerry', '-d', database];
    const words = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', ...place, '-c', text];
    return (await runTool(programOf('psql'), words)).trimEnd();
  }

  /** Its processes; none while it is ended. */
  get pids(): readonly number[] {
    return this.#engine.pids;
  }

  /** Whether it runs, frozen or not. */
  get isAlive(): boolean {
    return this.#engine.isAlive;
  }

  /** The end of its log. */
  get log(): string {
    return this.#engine.log;
  }

  /** SIGKILL to every process of it. */
  kill(): Promise<void> {
    return this.#engine.kill();
  }

  /** Ends without a checkpoint, as `pg_ctl stop -m immediate` does; clients lose their connections. */
  crash(): Promise<void> {
    return this.#engine.end('SIGQUIT');
  }

  /** Ends in an orderly way, clients or not (`-m fast`). */
  stop(): Promise<void> {
    return this.#engine.stop();
  }

  /** Starts again on the same port and files; resolves when it accepts connections. */
  restart(): Promise<void> {
    return this.#engine.restart();
  }

  /** Stops every process of it where it is. */
  freeze(): Promise<void> {
    return this.#engine.freeze();
  }

  /** Lets them go on. */
  thaw(): void {
    this.#engine.thaw();
  }

  /** Makes a standby take writes; resolves when it does. */
  async promote(): Promise<void> {
    await this.sql('SELECT pg_promote(true, 60)', 'postgres');
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.kill();
  }
}

/** PostgreSQL with what stands beside it. Disposing kills all of it and removes its files. */
export class Postgres extends PostgresServer implements AsyncDisposable {
  /** The standby, where one was asked for. */
  readonly standby: PostgresServer | undefined;
  /** What its clients need to trust it and to be trusted, where TLS was asked for. */
  readonly tls: EngineCertificates | undefined;
  readonly #folder: EngineFolder;

  /** Not for callers: `startPostgres` makes it. */
  constructor(engine: EngineProcess, plan: ServerPlan, rest: PostgresRest) {
    super(engine, plan);
    this.standby = rest.standby;
    this.tls = plan.place.tls;
    this.#folder = rest.folder;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.standby?.[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

interface PostgresRest {
  readonly folder: EngineFolder;
  readonly standby: PostgresServer | undefined;
}

/** What the servers of one start share, and the files of one of them. */
interface ServerPlace {
  readonly folder: string;
  readonly dataFolder: string;
  readonly options: PostgresOptions;
  readonly tls: EngineCertificates | undefined;
}

/** A server as it is started. */
interface ServerPlan {
  readonly place: ServerPlace;
  readonly port: number;
}

/**
 * Starts a new PostgreSQL, of the highest version that is installed, with an empty database `skerry`. fsync and
 * synchronous_commit are on, as they are by default. As root it runs as the user `postgres`. Fails with a plain error
 * that holds the end of the log.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(new EngineFolder('postgres'));
  const tls = options.tls ? await makeEngineCertificates(folder.path) : undefined;
  const dataFolder = await initialise(folder.path, options, tls);
  const { engine, plan } = await startServer('primary', { folder: folder.path, dataFolder, options, tls });
  const primary = undo.use(new PostgresServer(engine, plan));
  const { password } = options;
  if (password !== undefined)
    await primary.sql(`ALTER ROLE skerry PASSWORD '${password.replaceAll("'", "''")}'`);
  const standby = options.standby ? await startStandby(primary, plan.place) : undefined;
  undo.move();
  return new Postgres(engine, plan, { folder, standby });
}

/** Makes the files of a new server; gives their folder. */
async function initialise(
  folder: string,
  options: PostgresOptions,
  tls: EngineCertificates | undefined,
): Promise<string> {
  await makeOwnFolder(join(folder, 'sockets'));
  const dataFolder = join(folder, 'primary');
  await makeOwnFolder(dataFolder);
  const programs = dirname(programOf('postgres'));
  await copyPostgresTemplate({ programs, runAs: runAs() }, dataFolder, folder);
  if (tls) await copyKey(tls.serverKey, keyPath(folder));
  const kind = tls ? 'hostssl' : 'host';
  const method = options.password === undefined ? 'trust' : 'scram-sha-256';
  const extra = options.tls === 'mutual' ? ' clientcert=verify-ca' : '';
  const rules = [
    'local all all trust',
    'local replication all trust',
    `${kind} all all 127.0.0.1/32 ${method}${extra}`,
    `${kind} replication all 127.0.0.1/32 ${method}${extra}`,
  ];
  writeFileSync(join(dataFolder, 'pg_hba.conf'), `${rules.join('\n')}\n`);
  return dataFolder;
}

async function startServer(
  role: string,
  place: ServerPlace,
): Promise<{ readonly engine: EngineProcess; readonly plan: ServerPlan }> {
  const { folder, dataFolder, options, tls } = place;
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: join(folder, 'sockets'),
    ...(tls ? { ssl: 'on', ssl_cert_file: tls.serverCert, ssl_key_file: keyPath(folder) } : {}),
    ...(tls && options.tls === 'mutual' ? { ssl_ca_file: tls.authority } : {}),
    ...options.settings,
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return await onFreePorts(1, async ([port = 0]) => {
    const probe = ['-q', '-h', '127.0.0.1', '-p', String(port), '-U', 'skerry', '-d', 'postgres'];
    const engine = await EngineProcess.start({
      name: `PostgreSQL (${role})`,
      command: programOf('postgres'),
      words: ['-D', dataFolder, '-p', String(port), ...words],
      runAs: runAs(),
      logPath: `${dataFolder}.log`,
      isReady: () => endsWell(programOf('pg_isready'), probe),
      stopSignal: 'SIGINT',
    });
    return { engine, plan: { place, port } };
  });
}

async function startStandby(primary: PostgresServer, place: ServerPlace): Promise<PostgresServer> {
  const { folder, options } = place;
  const dataFolder = join(folder, 'standby');
  await makeOwnFolder(dataFolder);
  const source = ['-h', join(folder, 'sockets'), '-p', String(primary.port), '-U', 'skerry'];
  const words = [...source, '-D', dataFolder, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
  await runTool(programOf('pg_basebackup'), words, { runAs: runAs() });
  const { engine, plan } = await startServer('standby', { ...place, dataFolder });
  if (options.standby === 'synchronous') {
    await primary.sql(`ALTER SYSTEM SET synchronous_standby_names = '*'`, 'postgres');
    await primary.sql('SELECT pg_reload_conf()', 'postgres');
  }
  const standby = new PostgresServer(engine, plan);
  await streams(primary, standby, options.standby === 'synchronous' ? 'sync' : 'async');
  return standby;
}

/** Resolves when a primary streams to its standby as wanted; fails with a plain error after 30 s. */
async function streams(primary: PostgresServer, standby: PostgresServer, syncState: string): Promise<void> {
  const look = `SELECT state || ' ' || sync_state FROM pg_stat_replication`;
  const deadline = performance.now() + STREAMS_MS;
  while ((await primary.sql(look, 'postgres')) !== `streaming ${syncState}`) {
    if (performance.now() > deadline) {
      await standby[Symbol.asyncDispose]();
      throw new TypeError(`PostgreSQL did not stream to its standby in time. Its log ends:\n${standby.log}`);
    }
    await pause(LOOK_MS);
  }
}

/** PostgreSQL refuses to run as root. */
function runAs(): string | undefined {
  return process.getuid?.() === 0 ? 'postgres' : undefined;
}

function programOf(name: string): string {
  const folder = findPostgresFolder();
  if (folder === undefined)
    throw new TypeError(`${name} of PostgreSQL is missing here; Debian: apt-get install postgresql`);
  return join(folder, name);
}

function keyPath(folder: string): string {
  return join(folder, 'server-key.pem');
}

/** A folder that only the user may enter that the server runs as. */
async function makeOwnFolder(path: string): Promise<void> {
  await runTool('install', [...ownership(), '-m', '700', '-d', path]);
}

/** A key that only that user may read, as the server wants it. */
async function copyKey(from: string, to: string): Promise<void> {
  await runTool('install', [...ownership(), '-m', '600', from, to]);
}

function ownership(): string[] {
  const user = runAs();
  return user === undefined ? [] : ['-o', user, '-g', user];
}
