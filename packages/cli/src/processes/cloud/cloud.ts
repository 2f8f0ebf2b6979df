import { fileURLToPath } from 'node:url';
import { type Access, makeFirstUser } from '@skerry/access';
import {
  type Api,
  ApiError,
  type ApiNeeds,
  type ChaosDesk,
  openApi,
  type PlatformConfiguration,
  type SimulationDesk,
} from '@skerry/api';
import { openUplink } from '@skerry/journal/kafka';
import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom, stderrLogger } from '@skerry/kernel/node';
import { compileRoutes } from '@skerry/pipeline';
import type { PostgresReadings } from '@skerry/series/postgres';
import { withoutSecrets } from '../../config/hidden-secrets.ts';
import type { LoadedConfig } from '../../config/load.ts';
import type { SkerryConfig } from '../../config/schema.ts';
import { settingsOf } from '../../config/settings.ts';
import { OWN_FOLDER } from '../../own-place.ts';
import { programName } from '../../program-name.ts';
import { VERSION } from '../../version.ts';
import { ArrivalNotes } from '../arrival-notes.ts';
import { CertificateBook } from '../certificate-book.ts';
import { compactHeap } from '../compact-heap.ts';
import { type HeldDataFolder, holdDataFolder } from '../data-folder.ts';
import { exampleTopic } from '../example-topic.ts';
import { FAULT_MEANINGS } from '../fault-meanings.ts';
import { type GatewayBuffer, openGatewayBuffer } from '../gateway/gateway-buffer.ts';
import { httpListeners, watchHttpTls } from '../http-listeners.ts';
import { layoutOf, openConfiguredKafka, topicWishOf } from '../kafka-way.ts';
import { LIMIT_TABLES } from '../limit-tables.ts';
import { listening } from '../listening.ts';
import { LivePlatform, type LivePlatformNeeds } from '../live-platform.ts';
import { ownAddress } from '../own-address.ts';
import { routesOf } from '../places.ts';
import { PlatformIngress } from '../platform-ingress.ts';
import { openReadingCache } from '../redis-way.ts';
import { asked, type RoleOptions } from '../role.ts';
import { openTracing } from '../tracing.ts';
import { openCloudAccess } from './cloud-access.ts';
import { openCloudTables } from './cloud-tables.ts';

const PAGE = fileURLToPath(new URL('../console/dist', OWN_FOLDER));

/**
 * The process of `skerry cloud`: API and console over what the writers store, users in PostgreSQL, telemetry over HTTP
 * through an own journal into Kafka. Resolves with the exit code; fails with the fault that ended it.
 */
export async function serveCloud(options: RoleOptions): Promise<number> {
  const { config, context } = options;
  const clock = nodeClock();
  const random = nodeRandom();
  const logger = stderrLogger(config.log);
  const meter = createMeter();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await holdDataFolder(config.dataDir));
  const needs = { clock, random, logger, meter };
  const opened = await openCloudAccess(config, folder.token, needs, context);
  if (!opened) return 0;
  const access = stack.use(opened);
  const failpoint = context.environment.SKERRY_FAILPOINT;
  const buffer = await openGatewayBuffer(config, { clock, meter, logger, failpoint }, stack);
  const client = stack.use(await openConfiguredKafka('skerry-cloud', config, { clock, logger, random }));
  const layout = layoutOf(config);
  const { tracer, ingress: trace } = stack.use(await openTracing('cloud', config, needs));
  const positionFile = { folder: `${config.dataDir}/uplink`, name: 'position' };
  const uplink = stack.use(
    await openUplink(
      { layout, topics: topicWishOf(config), positionFile },
      { journal: buffer.follower, client, disk: nodeDisk(), clock, random, logger, meter, tracer },
    ),
  );
  const later: { api?: Api; platform?: LivePlatform } = {};
  const reasons = () => later.platform?.readiness() ?? [STARTING];
  const cached = await openReadingCache(config, needs, stack);
  const tables = openCloudTables(
    config,
    { buffer, uplink, client, reasons, cached, clock, logger, meter },
    stack,
  );
  const { readings, pipeline, stages, site, changeDeadLetters } = tables;
  const notes = new ArrivalNotes(clock);
  const route = notes.watching(compileRoutes(routesOf(config)));
  const { appender } = buffer;
  const ingress = new PlatformIngress({ appender, route, clock, meter, isReadOnly: false, trace });
  const certificates = new CertificateBook();
  const platform = stack.use(
    new LivePlatform({
      ...NOT_HERE,
      role: 'cloud',
      dataDir: config.dataDir,
      pipeline,
      changeDeadLetters,
      stages,
      site,
      journalEnd: () => buffer.follower.end,
      ingress,
      flush: () => buffer.appender.flush(),
      reports: {
        journal: () => buffer.thread.report(),
        store: async () => ({ metrics: [], figures: await storeFigures(readings) }),
      },
      clock,
      meter,
      configuration: () => configurationOf(options, later.api, certificates),
      refusals: notes,
      notes: tables.notes,
    }),
  );
  later.platform = platform;
  const api = await openHttp(config, { platform, clock, logger, meter, access }, certificates, stack);
  later.api = api;
  await announce({ access, folder, api }, options);
  compactHeap();
  await Promise.race([asked(context.signal), anyFault(access, buffer, uplink.ended)]);
  logger.log('info', 'Shutting down.');
  return 0;
}

const STARTING = { code: 'starting', detail: 'the cloud is starting' };

async function openHttp(
  config: SkerryConfig,
  needs: ApiNeeds,
  certificates: CertificateBook,
  stack: AsyncDisposableStack,
): Promise<Api> {
  const listeners = httpListeners(config, needs.logger);
  if (listeners.tls) await certificates.note('http', listeners.tls.credentials);
  const options = { ...listeners, staticFolder: PAGE, faults: FAULT_MEANINGS, limits: LIMIT_TABLES };
  const api = stack.use(await listening('http', () => openApi(options, needs)));
  stack.use(watchHttpTls(config, needs.logger, (credentials) => api.renewTls(credentials)));
  return api;
}

/** As the store of a single machine tells them. */
async function storeFigures(readings: PostgresReadings) {
  const { bytes, points } = await readings.figures();
  return { bytes, points };
}

function refuse(why: string): never {
  throw new ApiError('unavailable', why);
}

const NO_SIMULATIONS: SimulationDesk = {
  list: () => [],
  start: async () => refuse('simulations publish over MQTT, and this role takes none: use skerry simulate'),
  restart: async () => undefined,
  stop: async () => undefined,
};

const NO_CHAOS: ChaosDesk = {
  inputs: 0,
  list: () => [],
  start: () => refuse('bad inputs are sent over MQTT, and this role takes none: use skerry simulate chaos'),
  stop: async () => undefined,
};

/** What this role has none of. */
const NOT_HERE = {
  connections: () => 0,
  diskFreeBytes: async () => undefined,
  audit: () =>
    refuse(
      'a larger site is not recounted record by record: its ledger compares what gateways, partitions and writers tell of each other',
    ),
  simulation: NO_SIMULATIONS,
  chaos: NO_CHAOS,
  isReadOnly: false,
} satisfies Partial<LivePlatformNeeds>;

function configurationOf(
  loaded: LoadedConfig,
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
    ],
    exampleTopic: exampleTopic(config.routing.telemetry),
    ownHost: config.http.hostNames[0] ?? ownAddress(),
    certificates: certificates.shown,
    program: programName(process.env),
  };
}

async function announce(
  { access, folder, api }: { readonly access: Access; readonly folder: HeldDataFolder; readonly api: Api },
  { context }: RoleOptions,
): Promise<void> {
  const password = await makeFirstUser(access, nodeRandom());
  folder.announce({
    pid: process.ppid,
    childPid: process.pid,
    version: VERSION,
    startedMicros: nodeClock().nowMicros(),
    http: api.address,
  });
  const user = await access.book.admin();
  const code = user && (await access.sessions.makeCode(user.metadata.name)).code;
  const lines = [
    'Skerry cloud: API and console.',
    `  Page: ${api.url}/`,
    ...(api.encrypted ? [`  Page (TLS): ${api.encrypted.url}/`] : []),
    ...(code === undefined ? [] : [`  Sign in once: ${api.url}/#/sign-in?code=${code}`]),
    ...(password === undefined
      ? []
      : [`The user admin was made; its password is told this once: ${password}`]),
  ];
  context.stdout.write(`${lines.join('\n')}\n`);
}

/** Rejects with the first fault that ends the process. */
async function anyFault(
  { audit }: Access,
  { thread, journal, appender }: GatewayBuffer,
  uplink: Promise<void>,
): Promise<never> {
  const ofJournal = new Promise<never>((_, reject) => {
    appender.onFailed(reject);
    journal.onFailed(reject);
  });
  const ofUplink = uplink.then(() => new Promise<never>(() => undefined)); // it ends with a fault, or with us
  return await Promise.race([audit.failed, thread.failed, ofJournal, ofUplink]);
}
