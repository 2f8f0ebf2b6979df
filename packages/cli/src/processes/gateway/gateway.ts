import { hostname } from 'node:os';
import { openProbes } from '@skerry/api/probes';
import { type LeaseBook, MemoryLeaseBook } from '@skerry/control';
import { openUplink, type Uplink } from '@skerry/journal/kafka';
import { createMeter, type Meter, mergeFamilies } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom, stderrLogger } from '@skerry/kernel/node';
import { compileRoutes } from '@skerry/pipeline/routes';
import type { SkerryConfig } from '../../config/schema.ts';
import { holdDataFolder } from '../data-folder.ts';
import { layoutOf, openConfiguredKafka, topicWishOf } from '../kafka-way.ts';
import { listening } from '../listening.ts';
import { PlatformIngress } from '../platform-ingress.ts';
import { asked, type RoleOptions, readSecret } from '../role.ts';
import { routesOf } from '../server-threads.ts';
import { type GatewayBuffer, openGatewayBuffer } from './gateway-buffer.ts';
import { type GatewayReason, GatewaySources } from './gateway-sources.ts';

const SETTLE_MS = 2_000;

/**
 * The process of `skerry gateway`: external MQTT brokers into its own journal, and from there into Kafka. A message is
 * acknowledged to its broker when the journal has it on disk. Resolves with the exit code; fails with the fault that
 * ended it.
 */
export async function serveGateway({ config, context }: RoleOptions): Promise<number> {
  const clock = nodeClock();
  const random = nodeRandom();
  const logger = stderrLogger(config.log);
  const meter = createMeter();
  await using stack = new AsyncDisposableStack();
  stack.use(await holdDataFolder(config.dataDir));
  const failpoint = context.environment.SKERRY_FAILPOINT;
  const buffer = await openGatewayBuffer(config, { clock, meter, logger, failpoint }, stack);
  const client = stack.use(
    await openConfiguredKafka(config.gateway.group, config, { clock, logger, random }),
  );
  const uplink = stack.use(
    await openUplink(
      {
        layout: layoutOf(config),
        topics: topicWishOf(config),
        positionFile: { folder: `${config.dataDir}/uplink`, name: 'position' },
      },
      { journal: buffer.follower, client, disk: nodeDisk(), clock, random, logger, meter },
    ),
  );
  stack.defer(() => settle(buffer));
  // what nobody's template owns was subscribed to all the same: it is kept, and set aside by the writers
  const route = compileRoutes({ ...routesOf(config), unmatched: 'deadLetter' });
  const ingress = new PlatformIngress({ appender: buffer.appender, route, clock, meter, isReadOnly: false });
  const leases = stack.use(await openLeases(config));
  const owner = `${hostname()}/${buffer.journal.id}`;
  const sources = stack.use(
    new GatewaySources(config, { leases, ingress, owner, clock, random, logger, meter }),
  );
  const reasons = () => [...sources.reasons(), ...reasonsOf(ingress, uplink)];
  const probes = stack.use(
    await listening('http', () =>
      openProbes(config.http, { readiness: reasons, metrics: () => metricsOf(meter, buffer) }),
    ),
  );
  tell(context.stdout, config, probes.address);
  await Promise.race([asked(context.signal), anyFault(buffer, uplink, sources)]);
  logger.log('info', 'Shutting down.');
  return 0;
}

function openLeases({ postgres, gateway }: SkerryConfig): Promise<LeaseBook> | LeaseBook {
  if (gateway.ordinal >= 0 && postgres.url === '') return new MemoryLeaseBook(nodeClock());
  return openConfiguredLeases(postgres);
}

async function openConfiguredLeases({
  url,
  passwordFile,
  schema,
}: SkerryConfig['postgres']): Promise<LeaseBook> {
  const { openPostgresLeases } = await import('@skerry/control/postgres');
  const password = readSecret('postgres.passwordFile', passwordFile);
  return await openPostgresLeases({ url, schema, ...(password === undefined ? {} : { password }) });
}

function reasonsOf(ingress: PlatformIngress, uplink: Uplink): GatewayReason[] {
  const refusal = ingress.refusal();
  const { condition } = uplink;
  return [
    ...(refusal === undefined
      ? []
      : [{ code: refusal, detail: `the gateway's journal takes nothing: ${refusal}` }]),
    ...(condition.is === 'connected' ? [] : [{ code: condition.code, detail: condition.reason }]),
  ];
}

async function metricsOf(meter: Meter, { thread }: GatewayBuffer) {
  noteProcess(meter);
  const journal = await thread.report();
  return mergeFamilies([meter.snapshot(), journal?.metrics ?? []]);
}

function noteProcess(meter: Meter): void {
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  meter.gauge('iot_process_resident_memory_bytes', 'Resident memory of the process.').set(rss);
  meter.gauge('iot_process_cpu_seconds', 'CPU time of the process, all threads.').set((user + system) / 1e6);
  meter.gauge('iot_process_uptime_seconds', 'Time since the process started.').set(process.uptime());
}

function tell(
  stdout: NodeJS.WritableStream,
  { sources, kafka }: SkerryConfig,
  { host, port }: { readonly host: string; readonly port: number },
): void {
  const brokers = sources.map(({ name, url, topics }) => `  ${name}: ${url}, ${topics.join(', ')}`);
  const lines = [
    'Skerry gateway: from MQTT into Kafka.',
    ...brokers,
    `  Kafka: ${kafka.brokers.join(', ')}, ${kafka.layout === 'one' ? kafka.topic : `layout ${kafka.layout}`}`,
    `  Health, readiness and metrics: http://${host}:${port}`,
  ];
  stdout.write(`${lines.join('\n')}\n`);
}

/** Rejects with the first fault that ends the process. */
async function anyFault(
  { thread, journal, appender }: GatewayBuffer,
  uplink: Uplink,
  sources: GatewaySources,
): Promise<never> {
  const ofJournal = new Promise<never>((_, reject) => {
    appender.onFailed(reject);
    journal.onFailed(reject);
  });
  const ofUplink = uplink.ended.then(() => new Promise<never>(() => undefined));
  return await Promise.race([thread.failed, ofJournal, ofUplink, sources.failed]);
}

/** What was taken in becomes durable before the journal closes; a full disk does not hold up the end for ever. */
async function settle({ appender }: GatewayBuffer): Promise<void> {
  const over = new AbortController();
  await Promise.race([appender.flush().catch(() => undefined), nodeClock().sleep(SETTLE_MS, over.signal)]); // the fault has been told by onFailed
  over.abort();
}
