import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { type EngineCertificates, makeEngineCertificates } from './certificates.ts';
import { EngineFolder } from './engine-folder.ts';
import { EngineProcess } from './engine-process.ts';
import { type KafkaLibraries, kafkaLibraries } from './kafka-libraries.ts';
import { type KafkaClusterPlan, type KafkaNodePlan, nodeProperties } from './kafka-properties.ts';
import { accepts, onFreePorts } from './ports.ts';
import { program, runTool } from './programs.ts';

/** How a Kafka cluster is started. */
export interface KafkaOptions {
  /** Brokers, each a controller too; 1 when absent. With 3 everything is replicated threefold, two in sync. */
  readonly nodes?: 1 | 3;
  /** Clients have to sign in by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512: passwords by user name. */
  readonly sasl?: Readonly<Record<string, string>>;
  /** Connections of clients have to be encrypted; `mutual`: with a certificate of the client too. */
  readonly tls?: boolean | 'mutual';
  /** Clients reach each broker through a proxy with faults of its own, since they go where brokers say they are. */
  readonly isProxied?: boolean;
  /** Of Kafka; 4.3.1 when absent. */
  readonly version?: string;
  /** Further properties of every broker. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** One broker of a cluster. */
export class KafkaNode {
  /** Its id in the cluster, from 1. */
  readonly id: number;
  /** Where clients find it: the proxy's port where there is one. */
  readonly port: number;
  /** Stands between clients and it, where that was asked for. */
  readonly proxy: FaultProxy | undefined;
  /** Holds a folder for each partition, `TOPIC-NUMBER`. */
  readonly logFolder: string;
  readonly #engine: EngineProcess;

  /** Not for callers: `startKafka` makes it. */
  constructor(engine: EngineProcess, plan: KafkaNodePlan, proxy: FaultProxy | undefined) {
    this.id = plan.id;
    this.port = plan.advertisedPort;
    this.proxy = proxy;
    this.logFolder = join(plan.folder, 'log');
    this.#engine = engine;
  }

  /** Its processes; none while it is ended. */
  get pids(): readonly number[] {
    return this.#engine.pids;
  }

  /** Whether it runs, frozen or not. */
  get isAlive(): boolean {
    return this.#engine.isAlive;
  }

  /** The end of what it has written since its last start. */
  get log(): string {
    return this.#engine.log;
  }

  /** SIGKILL. */
  kill(): Promise<void> {
    return this.#engine.kill();
  }

  /** Ends it in an orderly way: it hands over what it leads first. By force after 20 s. */
  stop(): Promise<void> {
    return this.#engine.stop();
  }

  /**
   * Starts it again on the same ports and files. Resolves when the cluster has let it in again, for which most of the
   * nodes have to run; `Kafka.restart` starts all at once.
   */
  restart(): Promise<void> {
    return this.#engine.restart();
  }

  /** Stops it where it is (SIGSTOP). */
  freeze(): Promise<void> {
    return this.#engine.freeze();
  }

  /** Lets it go on. */
  thaw(): void {
    this.#engine.thaw();
  }

  /** Kills it and closes its proxy. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.kill();
    await this.proxy?.[Symbol.asyncDispose]();
  }
}

/** A cluster of Apache Kafka. Disposing kills all of it and removes its files. */
export class Kafka implements AsyncDisposable {
  readonly nodes: readonly KafkaNode[];
  /** What its clients need to trust it and to be trusted, where TLS was asked for. */
  readonly tls: EngineCertificates | undefined;
  readonly #folder: EngineFolder;

  /** Not for callers: `startKafka` makes it. */
  constructor(nodes: readonly KafkaNode[], folder: EngineFolder, tls: EngineCertificates | undefined) {
    this.nodes = nodes;
    this.tls = tls;
    this.#folder = folder;
  }

  /** Addresses for clients, `127.0.0.1:PORT` each. */
  get brokers(): string[] {
    return this.nodes.map((node) => `127.0.0.1:${node.port}`);
  }

  /** Processes of all nodes. */
  get pids(): readonly number[] {
    return this.nodes.flatMap((node) => node.pids);
  }

  /** SIGKILL to all nodes at once. */
  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
  }

  /** Starts all nodes again that do not run; resolves when all are ready. */
  async restart(): Promise<void> {
    await Promise.all(this.nodes.filter((node) => !node.isAlive).map((node) => node.restart()));
  }

  /** Ends all nodes one after the other in an orderly way; the last ones by force, since they are no majority. */
  async stop(): Promise<void> {
    for (const node of this.nodes.slice(0, (this.nodes.length + 1) / 2)) await node.stop();
    await this.kill();
  }

  /** Stops all nodes where they are. */
  async freeze(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.freeze()));
  }

  /** Lets them go on. */
  thaw(): void {
    for (const node of this.nodes) node.thaw();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
    this.#folder[Symbol.dispose]();
  }
}

const JAVA_PACKAGE = 'default-jre-headless';

/** Small, quick to start, and with no files of its own outside the folder. */
const JVM_WORDS = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:MaxDirectMemorySize=128m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
];

const LOG_CONFIG = `status = warn
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
`;

/** Words of the Java of one cluster, and those that only its brokers get. */
interface Java {
  readonly command: string;
  readonly words: readonly string[];
  readonly brokerWords: readonly string[];
}

/**
 * Starts a new cluster of Apache Kafka (KRaft), without topics and without making any by itself. Its jars come by
 * Maven at the first time. Fails with a plain error that holds the end of the log.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const libraries = kafkaLibraries(options.version);
  // it is started too seldom for an archive
  if (options.version !== undefined) return await startCluster(options, libraries, {});
  const archive = await classArchive(libraries);
  return await startCluster(options, libraries, { words: [`-XX:SharedArchiveFile=${archive}`] });
}

/** An archive of the classes that a broker loads, made by a first one at its orderly end; starts are faster by 40 %. */
async function classArchive(libraries: KafkaLibraries): Promise<string> {
  const java = realpathSync(program('java', JAVA_PACKAGE));
  const mark = createHash('sha256')
    .update(`${java} ${statSync(java).mtimeMs}`)
    .digest('hex')
    .slice(0, 12);
  const path = join(libraries.folder, `classes-${mark}.jsa`);
  if (existsSync(path)) return path;
  const half = `${path}.${process.pid}`;
  await using kafka = await startCluster({}, libraries, {
    brokerWords: [`-XX:ArchiveClassesAtExit=${half}`],
  });
  await kafka.stop();
  renameSync(half, path);
  return path;
}

async function startCluster(
  options: KafkaOptions,
  libraries: KafkaLibraries,
  jvm: { readonly words?: readonly string[]; readonly brokerWords?: readonly string[] },
): Promise<Kafka> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(new EngineFolder('kafka'));
  const tls = options.tls ? await makeEngineCertificates(folder.path) : undefined;
  const logConfig = join(folder.path, 'log4j2.properties');
  writeFileSync(logConfig, LOG_CONFIG);
  const java: Java = {
    command: program('java', JAVA_PACKAGE),
    words: [
      ...['-cp', libraries.classPath],
      ...JVM_WORDS,
      `-Dlog4j2.configurationFile=${logConfig}`,
      ...(jvm.words ?? []),
    ],
    brokerWords: jvm.brokerWords ?? [],
  };
  const nodes = await onFreePorts(3 * (options.nodes ?? 1), (ports) =>
    startNodes(java, folder.path, ports, options, tls),
  );
  undo.move();
  return new Kafka(nodes, folder, tls);
}

/** Starts a cluster whose nodes have three ports each. */
async function startNodes(
  java: Java,
  folder: string,
  ports: readonly number[],
  options: KafkaOptions,
  tls: EngineCertificates | undefined,
): Promise<KafkaNode[]> {
  await using undo = new AsyncDisposableStack();
  const proxies: FaultProxy[] = [];
  for (let at = 0; options.isProxied && at < ports.length; at += 3)
    proxies.push(undo.use(await FaultProxy.open(Number(ports[at]))));
  const cluster: KafkaClusterPlan = {
    nodes: planNodes(folder, ports, proxies, tls),
    tls,
    isMutual: options.tls === 'mutual',
    users: options.sasl,
    properties: options.properties ?? {},
  };
  const clusterId = `A${randomBytes(16).toString('base64url').slice(1)}`; // a leading `-` would be an option
  const starts = await Promise.allSettled(
    cluster.nodes.map(async (plan, index) => {
      await format(java, plan, cluster, clusterId);
      return new KafkaNode(await startBroker(java, plan), plan, proxies[index]);
    }),
  );
  const nodes: KafkaNode[] = [];
  const faults: unknown[] = [];
  for (const start of starts) {
    if (start.status === 'fulfilled') nodes.push(undo.use(start.value));
    else faults.push(start.reason);
  }
  if (faults.length > 0) throw faults[0];
  undo.move();
  return nodes;
}

function planNodes(
  folder: string,
  ports: readonly number[],
  proxies: readonly FaultProxy[],
  tls: EngineCertificates | undefined,
): KafkaNodePlan[] {
  const keyStore = tls && join(folder, 'server-store.pem');
  if (tls && keyStore)
    writeFileSync(keyStore, readFileSync(tls.serverKey, 'utf8') + readFileSync(tls.serverCert, 'utf8'));
  return Array.from({ length: ports.length / 3 }, (_, index) => {
    const [clientPort = 0, internalPort = 0, controllerPort = 0] = ports.slice(3 * index);
    return {
      id: index + 1,
      clientPort,
      advertisedPort: proxies[index]?.port ?? clientPort,
      internalPort,
      controllerPort,
      folder: join(folder, `node-${index + 1}-${clientPort}`),
      keyStore,
    };
  });
}

/** Makes a node's files, with the secrets of SCRAM in them. */
async function format(
  java: Java,
  plan: KafkaNodePlan,
  cluster: KafkaClusterPlan,
  clusterId: string,
): Promise<void> {
  mkdirSync(plan.folder);
  writeFileSync(propertiesPath(plan), nodeProperties(plan, cluster));
  const scram = Object.entries(cluster.users ?? {}).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );
  const words = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesPath(plan)];
  await runTool(java.command, [...java.words, ...words, ...scram]);
}

async function startBroker(java: Java, plan: KafkaNodePlan): Promise<EngineProcess> {
  return await EngineProcess.start({
    name: `Kafka (node ${plan.id})`,
    command: java.command,
    words: [...java.words, ...java.brokerWords, 'kafka.Kafka', propertiesPath(plan)],
    logPath: `${plan.folder}.log`,
    isReady: async (log) => log.includes('Kafka Server started') && (await accepts(plan.clientPort)),
  });
}

function propertiesPath(plan: KafkaNodePlan): string {
  return join(plan.folder, 'server.properties');
}
