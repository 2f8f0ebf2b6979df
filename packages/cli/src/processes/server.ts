import { statfs } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Access, makeFirstUser } from '@skerry/access';
import { type Api, openApi, type PlatformConfiguration } from '@skerry/api';
import { type JournalClient, openJournalClient, RecordAppender } from '@skerry/journal';
import { createMeter, type Logger, type Meter } from '@skerry/kernel';
import { nodeClock, nodeNet, nodeRandom, stderrLogger } from '@skerry/kernel/node';
import { type Broker, openBroker } from '@skerry/mqtt';
import { compileRoutes, PipelineClient, PipelineError, rebirthCommand, rebirthTopic } from '@skerry/pipeline';
import { withoutSecrets } from '../config/hidden-secrets.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { settingsOf } from '../config/settings.ts';
import { CliError } from '../errors.ts';
import { OWN_FOLDER } from '../own-place.ts';
import { programName } from '../program-name.ts';
import { ChaosRoom } from '../simulation/chaos-room.ts';
import { lookInside } from '../simulation/chaos-witness.ts';
import { SimulationRoom } from '../simulation/simulation-room.ts';
import { VERSION } from '../version.ts';
import { openAccessRoom } from './access-room.ts';
import { announcement } from './announcement.ts';
import { ArrivalNotes } from './arrival-notes.ts';
import { runAudit } from './audit-run.ts';
import { createBrokerAccess } from './broker-access.ts';
import { CertificateBook } from './certificate-book.ts';
import { compactHeap } from './compact-heap.ts';
import { type HeldDataFolder, holdDataFolder } from './data-folder.ts';
import { exampleTopic } from './example-topic.ts';
import { failpointHook } from './failpoints.ts';
import { FAULT_MEANINGS } from './fault-meanings.ts';
import { httpListeners, watchHttpTls } from './http-listeners.ts';
import { JournalWatch } from './journal-watch.ts';
import type { KafkaAuditOptions } from './kafka-audit-journal.ts';
import { LIMIT_TABLES } from './limit-tables.ts';
import { listening } from './listening.ts';
import { LivePlatform } from './live-platform.ts';
import type { LogThreadFacts } from './log-worker.ts';
import { mqttListeners } from './mqtt-listeners.ts';
import { ownAddress } from './own-address.ts';
import type { PipelineThreadFacts } from './pipeline-worker.ts';
import { foldersOf, routesOf } from './places.ts';
import { PlatformIngress } from './platform-ingress.ts';
import { portMailbox } from './port-mailbox.ts';
import { RebirthDesk } from './rebirth-desk.ts';
import { isOnKafka, RETENTION_CLASS, type ServerThreads, startServerThreads } from './server-threads.ts';
import { certificateNameFaults } from './tls-files.ts';
import { openTracing } from './tracing.ts';
import type { UpOptions } from './up.ts';

/** What the rooms of the main thread share. */
interface Rooms extends LoadedConfig {
  readonly isReadOnly: boolean;
  /** Aborted when the process is asked to end. */
  readonly signal: AbortSignal;
  readonly failpoint: string | undefined;
  readonly clock: ReturnType<typeof nodeClock>;
  readonly net: ReturnType<typeof nodeNet>;
  readonly random: ReturnType<typeof nodeRandom>;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What has been opened, for the platform and the last words. */
interface Opened {
  readonly access: Access;
  readonly folder: HeldDataFolder;
  readonly threads: ServerThreads;
  readonly journal: JournalClient;
  readonly appender: RecordAppender;
  readonly ingress: PlatformIngress;
  readonly broker: Broker;
  readonly pipeline: PipelineClient;
  readonly simulation: SimulationRoom;
  readonly chaos: ChaosRoom;
  readonly notes: ArrivalNotes;
  readonly certificates: CertificateBook;
  /** Where the journal is Kafka's. */
  readonly watch: JournalWatch | undefined;
}

const PAGE = fileURLToPath(new URL('../console/dist', OWN_FOLDER));

/**
 * The server process of `skerry up`: holds the data folder, starts the threads, the broker, the API and the demo, tells
 * where they listen, and ends when it is asked to. Resolves with the exit code; fails with the fault that ended it.
 */
export async function serve(options: UpOptions): Promise<number> {
  const { config, origins, isReadOnly, context } = options;
  const rooms: Rooms = {
    config,
    origins,
    isReadOnly,
    signal: context.signal,
    failpoint: context.environment.SKERRY_FAILPOINT,
    clock: nodeClock(),
    net: nodeNet(),
    random: nodeRandom(),
    logger: stderrLogger(config.log),
    meter: createMeter(),
  };
  checkRoutes(config);
  await using stack = new AsyncDisposableStack();
  const opened = await openRooms(rooms, stack).catch((fault: unknown) => unlessAsked(context.signal, fault));
  if (!opened) return shutDown(rooms);
  let api: Api | undefined;
  const platform = openPlatform(rooms, opened, () => api, stack);
  api = stack.use(await listening('http', () => openHttp(rooms, opened, platform)));
  const { renewTls } = api;
  const { certificates } = opened;
  stack.use(
    watchHttpTls(config, rooms.logger, (renewed) => {
      renewTls(renewed);
      void certificates.note('http', renewed); // the server has just taken it, so it can be read
    }),
  );
  const demoFailed = config.demo && !isReadOnly ? runDemo(opened.simulation) : undefined;
  await announce(opened, api, options);
  compactHeap();
  flushCompileCache(); // a first start that is killed still spares the next one the work and the memory of stripping types
  await Promise.race([asked(context.signal), anyFault(opened, demoFailed)]);
  return shutDown(rooms);
}

/** Threads that end while they start are no fault of a process that was asked to end: it has ended them. */
function unlessAsked({ aborted }: AbortSignal, fault: unknown): undefined {
  if (!(aborted && fault instanceof CliError && fault.code === 'thread-ended')) throw fault;
}

function shutDown({ logger }: Rooms): number {
  logger.log('info', 'Shutting down.');
  return 0;
}

/** Opens everything in the order in which data flows; the stack ends it in the reverse order. */
async function openRooms(rooms: Rooms, stack: AsyncDisposableStack): Promise<Opened> {
  const { config, isReadOnly, clock, meter } = rooms;
  const folder = stack.use(await holdDataFolder(config.dataDir));
  const later: { broker?: Broker } = {};
  const access = await openAccessRoom(
    {
      dataDir: config.dataDir,
      localToken: folder.token,
      isReadOnly,
      onChanged: (name) =>
        later.broker?.endWhere((subject) => subject.name === name, 'The rights were changed.'),
    },
    rooms,
  );
  stack.use(access);
  const threads = await startServerThreads(rooms);
  stack.use(threads.log);
  const journal = stack.use(await openJournalClient(portMailbox(threads.logPort)));
  stack.use(threads.store);
  stack.use(threads.pipeline);
  const pipeline = new PipelineClient(portMailbox(threads.pipelinePort));
  const appender = new RecordAppender(
    (batch) => journal.append(batch),
    { clock, meter },
    {
      endOfTurn: setImmediate,
    },
  );
  if (!isReadOnly) stack.defer(() => settle(appender));
  const notes = new ArrivalNotes(clock);
  const route = notes.watching(compileRoutes(routesOf(config)));
  const { ingress: trace } = stack.use(await openTracing('up', config, rooms));
  const ingress = new PlatformIngress({ appender, route, clock, meter, isReadOnly, trace });
  if (journal.end > 0) ingress.started();
  const certificates = new CertificateBook();
  const broker = await openWays(rooms, { access, threads, ingress, notes, certificates }, stack);
  later.broker = broker;
  const rebirths = new RebirthDesk({
    send: ({ group, node }) => {
      broker.announce(rebirthTopic(group, node), rebirthCommand(clock.nowMicros()));
      return true;
    },
    ...rooms,
  });
  pipeline.onRebirth((node, cause) => rebirths.want(node, cause));
  const simulation = stack.use(
    new SimulationRoom(
      { address: broker.address, token: folder.token, refusal: () => ingress.refusal() },
      rooms,
    ),
  );
  const chaos = stack.use(openChaos(rooms, { folder, broker, pipeline, ingress }));
  const watch = isOnKafka(config) ? stack.use(new JournalWatch(threads.log, clock)) : undefined;
  return {
    access,
    folder,
    threads,
    journal,
    appender,
    ingress,
    broker,
    pipeline,
    simulation,
    chaos,
    notes,
    certificates,
    watch,
  };
}

/** Opens the room that sends bad inputs to the own broker. */
function openChaos(
  rooms: Rooms,
  { folder, broker, pipeline, ingress }: Pick<Opened, 'folder' | 'broker' | 'pipeline' | 'ingress'>,
): ChaosRoom {
  const password = new TextEncoder().encode(folder.token);
  return new ChaosRoom(
    {
      target: { address: broker.address, username: 'skerry', password },
      look: lookInside({
        deadLetters: (query) => pipeline.request('deadLetters', query),
        device: (key) => pipeline.request('device', key),
      }),
      refusal: () => ingress.refusal(),
    },
    rooms,
  );
}

/** Opens the ways in for devices. */
async function openWays(
  { config, failpoint, clock, net, random, logger, meter }: Rooms,
  {
    access,
    threads,
    ingress,
    notes,
    certificates,
  }: Pick<Opened, 'access' | 'threads' | 'ingress' | 'notes' | 'certificates'>,
  stack: AsyncDisposableStack,
): Promise<Broker> {
  const { authenticator } = access;
  const brokerAccess = createBrokerAccess({
    authenticator,
    templates: config.routing.telemetry,
    anonymous: config.mqtt.anonymous,
    logger,
  });
  const ways = stack.use(
    mqttListeners(config, {
      ...{ clock, logger, meter },
      onHandshakeFailed: (name, failure) => notes.handshakeFailed(name, failure),
      onCertificate: (credentials) => void certificates.note('mqtt', credentials), // it has just been taken, so it can be read
    }),
  );
  const { retained } = threads.log.facts as LogThreadFacts; // told by log-worker
  return stack.use(
    await listening('mqtt', () =>
      openBroker(
        {
          address: ways.address,
          listeners: ways.others,
          limits: { connectionsMax: config.mqtt.connectionsMax, packetBytesMax: config.mqtt.packetBytesMax },
        },
        {
          net,
          clock,
          random,
          logger: notes.overhearing(logger),
          meter,
          ingress,
          failpoint: failpointHook(failpoint),
          retained,
          access: brokerAccess,
          onRefused: (refusal) => notes.refused(refusal),
        },
      ),
    ),
  );
}

const SETTLE_MS = 2_000;

/** What was taken in becomes durable before the journal closes; a full disk does not hold up the end for ever. */
async function settle(appender: RecordAppender): Promise<void> {
  const timer = Promise.withResolvers<void>();
  const handle = setTimeout(timer.resolve, SETTLE_MS);
  await Promise.race([appender.flush().catch(() => undefined), timer.promise]); // the fault has been told by onFailed
  clearTimeout(handle);
}

function openPlatform(
  rooms: Rooms,
  opened: Opened,
  api: () => Api | undefined,
  stack: AsyncDisposableStack,
): LivePlatform {
  const { config, clock, meter, logger, isReadOnly } = rooms;
  const { threads, journal, appender, ingress, broker, pipeline } = opened;
  const { simulation, chaos, notes, certificates, watch } = opened;
  return stack.use(
    new LivePlatform({
      role: 'up',
      dataDir: config.dataDir,
      pipeline,
      ingress,
      flush: () => appender.flush(),
      journalEnd: () => journal.end,
      reports: { journal: () => threads.log.report(), store: () => threads.store.report() },
      connections: () => broker.connections,
      diskFreeBytes: () => freeBytesOf(config.dataDir),
      audit: (signal) =>
        runAudit(
          {
            folders: foldersOf(config.dataDir),
            ...kafkaAuditOf(config, threads),
            retentionClass: RETENTION_CLASS,
            rawDays: config.series.rawDays,
            eras: (threads.pipeline.facts as PipelineThreadFacts).eras, // told by pipeline-worker
            journal,
            logger,
          },
          signal,
        ),
      clock,
      meter,
      configuration: () => configurationOf(rooms, broker, api(), certificates),
      simulation,
      chaos,
      refusals: notes,
      isReadOnly,
      ...(watch ? { journalReasons: () => watch.reasons, journalTopic: config.journal.topic } : {}),
    }),
  );
}

/** The journal for an audit, where it is Kafka's. */
function kafkaAuditOf(config: SkerryConfig, { log }: ServerThreads): { readonly kafka?: KafkaAuditOptions } {
  if (!isOnKafka(config)) return {};
  const { shift = 0 } = log.facts as LogThreadFacts; // told by log-worker
  return { kafka: { config: { kafka: config.kafka, journal: config.journal }, shift } };
}

/** What the disk of a folder has left; undefined where the file system does not tell. */
async function freeBytesOf(folder: string): Promise<number | undefined> {
  return await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}

async function openHttp(
  { config, clock, logger, meter }: Rooms,
  { access, certificates }: Opened,
  platform: LivePlatform,
): Promise<Api> {
  const listeners = httpListeners(config, logger);
  if (listeners.tls) await certificates.note('http', listeners.tls.credentials);
  return await openApi(
    { ...listeners, staticFolder: PAGE, faults: FAULT_MEANINGS, limits: LIMIT_TABLES },
    { platform, clock, logger, meter, access },
  );
}

function configurationOf(
  loaded: LoadedConfig,
  broker: Broker,
  api: Api | undefined,
  certificates: CertificateBook,
): PlatformConfiguration {
  const { config } = loaded;
  return {
    version: VERSION,
    values: { ...withoutSecrets(config) },
    settings: settingsOf(loaded),
    listeners: [
      ...(api ? [{ name: 'http', ...api.address }] : []),
      ...(api?.encrypted ? [{ name: 'https', host: api.encrypted.host, port: api.encrypted.port }] : []),
      ...broker.listeners.map(({ name, address: { host, port } }) => ({ name, host, port })),
    ],
    exampleTopic: exampleTopic(config.routing.telemetry),
    ownHost: config.http.hostNames[0] ?? ownAddress(),
    certificates: certificates.shown,
    program: programName(process.env),
  };
}

/** Rejects with the first fault that ends the process. */
async function anyFault(
  { access, threads, journal, appender, pipeline }: Opened,
  demoFailed: Promise<never> | undefined,
): Promise<never> {
  const ofJournal = new Promise<never>((_, reject) => {
    appender.onFailed(reject);
    journal.onFailed(reject);
  });
  const ofPipeline = pipeline.ended.then(() => {
    throw new CliError('thread-ended', 'The pipeline ended without being asked to.');
  });
  const { log, store, pipeline: thread } = threads;
  const all = [access.audit.failed, ofJournal, ofPipeline, log.failed, store.failed, thread.failed];
  return await Promise.race(demoFailed ? [...all, demoFailed] : all);
}

/** Starts the demo beside everything else; the promise rejects when it cannot be started. */
async function runDemo(simulation: SimulationRoom): Promise<never> {
  await simulation.startDemo();
  return await new Promise<never>(() => undefined);
}

function checkRoutes(config: SkerryConfig): void {
  try {
    compileRoutes(routesOf(config));
  } catch (fault) {
    if (!(fault instanceof PipelineError)) throw fault;
    throw new CliError('config-invalid', `routing.telemetry: ${fault.message}`, {}, fault);
  }
}

async function announce(
  { access, folder, broker, certificates }: Opened,
  api: Api,
  { context, config, isReadOnly, wantsSignInLink }: UpOptions,
): Promise<void> {
  // not before everything listens: a start that fails tells nobody the password
  const firstPassword = isReadOnly ? undefined : await makeFirstUser(access, nodeRandom());
  const { host, port } = broker.address;
  folder.announce({
    pid: process.ppid,
    childPid: process.pid,
    version: VERSION,
    startedMicros: Date.now() * 1_000,
    http: api.address,
    mqtt: { host, port },
  });
  const lines = announcement({
    config,
    isReadOnly,
    listeners: [
      { name: 'http', ...api.address },
      ...(api.encrypted ? [{ name: 'https', ...api.encrypted }] : []),
      ...broker.listeners.map(({ name, address }) => ({ name, ...address })),
    ],
    certificates: certificates.shown,
    certificateFaults: certificateNameFaults(config),
    program: programName(context.environment),
    dataFolder: folder.path,
    ownAddress: ownAddress(),
    firstPassword,
    signIn: await signInOf(access, firstPassword, wantsSignInLink && !isReadOnly),
  });
  context.stdout.write(`${lines.join('\n')}\n`);
}

/** A link for whoever signs in: for the user that this start has made, and wherever a person is watching. */
async function signInOf(
  { book, sessions }: Access,
  firstPassword: string | undefined,
  wantsLink: boolean,
): Promise<{ readonly user: string; readonly code: string } | undefined> {
  const user = wantsLink || firstPassword !== undefined ? await book.admin() : undefined;
  if (!user) return undefined;
  const { name } = user.metadata;
  return { user: name, code: (await sessions.makeCode(name)).code };
}

function asked(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
