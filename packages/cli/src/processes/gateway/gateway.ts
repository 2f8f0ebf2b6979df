import { hostname } from 'node:os';
import { openProbes } from '@skerry/api/probes';
import { withoutNames } from '@skerry/api/without-names';
import { type LeaseBook, MemoryLeaseBook } from '@skerry/control';
import { openUplink, type Uplink } from '@skerry/journal/kafka';
import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom, stderrLogger } from '@skerry/kernel/node';
import { compileRoutes } from '@skerry/pipeline/routes';
import type { SkerryConfig } from '../../config/schema.ts';
import { compactHeap } from '../compact-heap.ts';
import { holdDataFolder } from '../data-folder.ts';
import { layoutOf, openConfiguredKafka, topicWishOf } from '../kafka-way.ts';
import { listening } from '../listening.ts';
import { routesOf } from '../places.ts';
import { PlatformIngress } from '../platform-ingress.ts';
import { sharedTablesOf } from '../postgres-way.ts';
import { ProcessFigures } from '../process-figures.ts';
import { asked, type RoleOptions } from '../role.ts';
import type { RoleFacts } from '../role-teller.ts';
import { openTracing } from '../tracing.ts';
import type { AcknowledgingBuffer, AcknowledgingNeeds } from './acknowledging-buffer.ts';
import { GatewayLeases } from './gateway-leases.ts';
import type { GatewayReason } from './gateway-reason.ts';
import { GatewaySources } from './gateway-sources.ts';
import { hasLeftovers, sendLeftovers } from './leftovers.ts';
import { pacedJournal } from './paced-journal.ts';
import { passOnRebirths } from './rebirth-commands.ts';
import { openSegmentBuffer } from './segment-buffer.ts';

const SETTLE_MS = 2_000;

const STARTING: GatewayReason = { code: 'starting', detail: 'the gateway is starting' };

/** What comes about while the gateway starts. */
interface Parts {
  readiness(): GatewayReason[];
  facts(): Pick<RoleFacts, 'slot' | 'sources'>;
  buffer: AcknowledgingBuffer | undefined;
}

/**
 * The process of `skerry gateway`: external MQTT brokers into its own journal, and from there into Kafka. A message is
 * acknowledged to its broker when the journal has it on disk, or with `gateway.buffer: none` when Kafka has. Resolves with
 * the exit code; fails with the fault that ended it.
 */
export async function serveGateway({ config, context }: RoleOptions): Promise<number> {
  const clock = nodeClock();
  const random = nodeRandom();
  const logger = stderrLogger(config.log);
  const meter = createMeter();
  await using stack = new AsyncDisposableStack();
  stack.use(await holdDataFolder(config.dataDir));
  const failpoint = context.environment.SKERRY_FAILPOINT;
  const needs: AcknowledgingNeeds = { clock, random, meter, logger, failpoint };
  const parts: Parts = { readiness: () => [STARTING], facts: () => ({}), buffer: undefined };
  const reasons = () => parts.readiness();
  const figures = stack.use(
    new ProcessFigures({ role: 'gateway', reasons, dataDir: config.dataDir }, { clock, meter }),
  );
  const probes = stack.use(
    await listening('http', () =>
      openProbes(config.http, {
        readiness: reasons,
        metrics: async () => withoutNames(await figures.families([(await parts.buffer?.metrics()) ?? []])),
        meter,
      }),
    ),
  );
  tell(context.stdout, config, probes.address);
  const client = stack.use(
    await openConfiguredKafka(config.gateway.group, config, { clock, logger, random }),
  );
  const { tracer, ingress: trace } = stack.use(await openTracing('gateway', config, needs));
  const uplinkNeeds = { client, disk: nodeDisk(), clock, random, logger, meter, tracer };
  const uplinkOptions = { layout: layoutOf(config), topics: topicWishOf(config) };
  const buffer = await openBuffer(config, needs, stack, (earlier) =>
    sendLeftovers(earlier, uplinkOptions, uplinkNeeds, context.signal, (readiness) =>
      Object.assign(parts, { readiness }),
    ),
  );
  if (!buffer) return 0;
  parts.buffer = buffer;
  const { positionFile, journal, least } = buffer;
  const uplink = stack.use(
    await openUplink(
      { ...uplinkOptions, ...(positionFile ? { positionFile } : {}), ...(least ? { least } : {}) },
      { ...uplinkNeeds, journal: pacedJournal(journal, clock) },
    ),
  );
  buffer.sentBy(uplink);
  if (config.postgres.url !== '') {
    const { openTellers } = await import('../tellers.ts');
    const facts = (): RoleFacts => ({ reasons: reasons(), buffer: uplink.lag(), ...parts.facts() });
    const { group } = config.gateway;
    openTellers(config, 'gateway', { journal, uplink, group, facts, clock, logger }, stack);
  }
  stack.defer(() => settle(buffer));
  // what nobody's template owns was subscribed to all the same: it is kept, and set aside by the writers
  const route = compileRoutes({ ...routesOf(config), unmatched: 'deadLetter' });
  const { appender } = buffer;
  const ingress = new PlatformIngress({ appender, route, clock, meter, isReadOnly: false, trace });
  // a journal is its data folder, whatever machine that is on
  const owner = positionFile ? journal.id : `${hostname()}/${config.dataDir}`;
  const open = async (): Promise<LeaseBook> => openLeases(config);
  const leases = stack.use(new GatewayLeases(config, { open, owner, clock, logger }));
  const sources = stack.use(new GatewaySources(config, { leases, ingress, clock, random, logger, meter }));
  stack.use(passOnRebirths(config, { sources, journalId: journal.id, client, clock, random, logger, meter }));
  parts.facts = () => ({ slot: sources.slot, sources: sources.report() });
  parts.readiness = () => [...leases.reasons(), ...sources.reasons(), ...reasonsOf(ingress, uplink)];
  const uplinkEnded = uplink.ended.then(() => new Promise<never>(() => undefined));
  compactHeap();
  await Promise.race([asked(context.signal), ...[buffer.failed, uplinkEnded, leases.lost, sources.failed]]);
  logger.log('info', 'Shutting down.');
  return 0;
}

/** The buffer as configured; undefined when the process was asked to end before what an earlier one held was sent. */
async function openBuffer(
  config: SkerryConfig,
  needs: AcknowledgingNeeds,
  stack: AsyncDisposableStack,
  sent: (earlier: AcknowledgingBuffer) => Promise<boolean>,
): Promise<AcknowledgingBuffer | undefined> {
  if (config.gateway.buffer === 'segment') return await openSegmentBuffer(config, needs, stack);
  if (hasLeftovers(config)) {
    await using own = new AsyncDisposableStack();
    if (!(await sent(await openSegmentBuffer(config, needs, own)))) return undefined;
  }
  const { openDirectBuffer } = await import('./direct-buffer.ts');
  return openDirectBuffer(needs, stack);
}

async function openLeases(config: SkerryConfig): Promise<LeaseBook> {
  const { postgres, gateway } = config;
  if (gateway.ordinal >= 0 && postgres.url === '') return new MemoryLeaseBook(nodeClock());
  const { openPostgresLeases } = await import('@skerry/control/postgres');
  return await openPostgresLeases(sharedTablesOf(config));
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

/** What was taken in becomes durable before the journal closes; a full disk does not hold up the end for ever. */
async function settle(buffer: AcknowledgingBuffer): Promise<void> {
  const over = new AbortController();
  // the fault has been told by `failed`
  await Promise.race([buffer.flush().catch(() => undefined), nodeClock().sleep(SETTLE_MS, over.signal)]);
  over.abort();
}
