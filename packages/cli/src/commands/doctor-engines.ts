import {
  DEAD_LETTER_TOPIC,
  deadLetterWish,
  type EnsuredTopic,
  examineTopic,
  type KafkaClient,
  layoutTopics,
  type TopicWish,
} from '@skerry/journal/kafka';
import { silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { openPostgresPool, type PostgresSession, type Row, type SiteRole } from '@skerry/series/postgres';
import type { SkerryConfig } from '../config/schema.ts';
import { journalSafety, journalWish, unfitAsJournal } from '../processes/kafka-log.ts';
import { layoutOf, openConfiguredKafka, topicWishOf } from '../processes/kafka-way.ts';
import { poolOptionsOf } from '../processes/postgres-way.ts';
import { redisPlaceOf } from '../processes/redis-way.ts';
import type { Finding } from './doctor.ts';
import { brokerFindings } from './doctor-brokers.ts';
import { gatewaysFinding } from './doctor-gateways.ts';
import { kafkaRightsFinding } from './doctor-kafka-rights.ts';
import { kafkaVersionFinding } from './doctor-kafka-version.ts';
import { ANSWER_MS, count, guarded, ok } from './doctor-looks.ts';
import { storedRetentionFindings } from './doctor-retention.ts';
import { mayReadPoints, rightsFinding } from './doctor-rights.ts';
import { collectorFindings, sinkFindings } from './doctor-sinks.ts';
import { sourcesFinding } from './doctor-sources.ts';
import { standbyFindings } from './doctor-standby.ts';

/** Topics of projects that are looked at one by one. */
const PROJECT_TOPICS = 50;
const SKEW_WARNING_SECS = 1;
const SKEW_FAULT_SECS = 60;
/** Older ones were not tried. */
const POSTGRES_LEAST = 150_000;

/** Looks at the engines that the configuration names, for a process of one role or of any: Kafka, PostgreSQL, Redis, sinks, the collector of traces, external MQTT brokers. None is named: nothing. */
export async function engineFindings(config: SkerryConfig, role?: SiteRole): Promise<Finding[]> {
  const rooms = await Promise.all([
    config.kafka.brokers.length > 0 ? kafkaFindings(config) : [],
    config.postgres.url !== '' ? postgresFindings(config, role) : [],
    config.postgres.url !== '' && config.postgres.readUrl !== '' ? standbyFindings(config) : [],
    config.redis.url !== '' ? redisFindings(config) : [],
    ...config.sinks.map((sink) => sinkFindings(sink)),
    config.tracing.otlpUrl !== '' ? collectorFindings(config) : [],
    brokerFindings(config),
  ]);
  return rooms.flat();
}

async function kafkaFindings(config: SkerryConfig): Promise<Finding[]> {
  const needs = { clock: nodeClock(), random: nodeRandom(), logger: silentLogger };
  const where = config.kafka.brokers.join(', ');
  return await guarded(
    'kafka',
    where,
    'Start Kafka, or mend kafka.brokers, kafka.tls and kafka.sasl.',
    async () => {
      await using client = await openConfiguredKafka('skerry-doctor', config, needs);
      const { id, brokers } = await client.cluster();
      const isJournal = config.journal.engine === 'kafka';
      const journal = isJournal ? await journalFindings(client, config, brokers) : undefined;
      return [
        ok('kafka', `cluster ${id} with ${count(brokers, 'broker')} at ${where}`),
        await kafkaVersionFinding(client),
        ...(journal ?? [
          replicationFinding(topicWishOf(config), brokers),
          ...(await topicFindings(client, config)),
        ]),
        await kafkaRightsFinding(client, config),
      ];
    },
  );
}

function replicationFinding(
  { replication, minInSync }: Omit<TopicWish, 'name'>,
  brokers: number,
  safety?: string,
): Finding {
  const check = 'kafka replication';
  const found = `kafka.replication ${replication}, kafka.minInSync ${minInSync}, acks=all, idempotent producer`;
  if (replication > brokers) {
    const advice = `Start ${replication - brokers} more, or lower kafka.replication: topics cannot be made.`;
    return { check, verdict: 'fault', found: `${found}, and ${count(brokers, 'broker')}`, advice };
  }
  if (replication >= 3 && minInSync >= 2) return ok(check, found);
  if (safety !== undefined) return ok(check, `${found}; ${safety}`);
  const advice =
    'Kafka acknowledges before its disk has a record. With fewer than 3 replicas of which 2 are in sync a power cut can take acknowledged records: use 3 brokers, and keep gateway.buffer at segment.';
  return { check, verdict: 'warning', found, advice };
}

/** Of the topics that come with projects only those are told that are not as they should be. */
async function topicFindings(client: KafkaClient, config: SkerryConfig): Promise<Finding[]> {
  const layout = layoutOf(config);
  const wish = topicWishOf(config);
  const { topics, beyond } = await layoutTopics(client, layout, new Set());
  const ofProjects = topics.filter(({ name }) => layout.projectOf(name) !== undefined);
  const fixed = [...layout.fixedTopics, DEAD_LETTER_TOPIC];
  const names = [...fixed, ...ofProjects.slice(0, PROJECT_TOPICS).map(({ name }) => name)];
  const wishes = names.map((name) => (name === DEAD_LETTER_TOPIC ? deadLetterWish(wish) : { ...wish, name }));
  const findings = await Promise.all(wishes.map((one) => topicFinding(client, one)));
  const told = findings.filter(({ verdict }, i) => i < fixed.length || verdict !== 'ok');
  if (!layout.isByProject) return told;
  const check = 'kafka topics of projects';
  const found = `${count(ofProjects.length, 'topic')}, kafka.topicsMax ${layout.topicsMax}`;
  if (beyond.length === 0) return [...told, ok(check, found)];
  const advice =
    'Raise kafka.topicsMax: writers read those that they have read before, and leave the others.';
  return [...told, { check, verdict: 'fault', found: `${found}, ${beyond.length} beyond it`, advice }];
}

async function journalFindings(
  client: KafkaClient,
  config: SkerryConfig,
  brokers: number,
): Promise<Finding[]> {
  const wish = journalWish(config);
  const topic = await examineTopic(client, wish);
  return [replicationFinding(wish, brokers, journalSafety(topic, wish)), journalFinding(topic, wish)];
}

function journalFinding(topic: Awaited<ReturnType<typeof examineTopic>>, { name }: TopicWish): Finding {
  const check = `kafka topic ${name}`;
  if (!topic) return ok(check, 'it does not exist yet; skerry up makes it');
  const unfit = unfitAsJournal(topic);
  if (!unfit) return strengthFinding(topic);
  const advice = `It has to have ${unfit.wanted}. Set journal.topic to a name that does not exist: skerry up makes it so.`;
  return { check, verdict: 'fault', found: `as a journal it has ${unfit.found}`, advice };
}

async function topicFinding(client: KafkaClient, wish: TopicWish): Promise<Finding> {
  const topic = await examineTopic(client, wish);
  return topic
    ? strengthFinding(topic)
    : ok(`kafka topic ${wish.name}`, 'it does not exist yet; the first role that starts makes it');
}

function strengthFinding({
  name,
  weaknesses,
  lagging,
}: EnsuredTopic & { readonly lagging: number }): Finding {
  const check = `kafka topic ${name}`;
  const found = [
    ...weaknesses.map((one) => `${one.setting}: found ${one.found}, wanted ${one.wanted}`),
    ...(lagging > 0 ? [`${count(lagging, 'partition')} with replicas that are not in sync`] : []),
  ];
  if (found.length === 0) return ok(check, 'it keeps what the configuration wants');
  const advice =
    weaknesses.length > 0
      ? `Change the topic with kafka-configs.sh --alter --entity-type topics --entity-name ${name} (replicas and partitions: kafka-reassign-partitions.sh, kafka-topics.sh), or the kafka section.`
      : 'Look why a broker lags: disk, network, or it is down.';
  return { check, verdict: 'warning', found: found.join('; '), advice };
}

async function postgresFindings(config: SkerryConfig, role: SiteRole | undefined): Promise<Finding[]> {
  const where = config.postgres.url.replace(/\/\/[^@/]*@/, '//');
  const advice = 'Start PostgreSQL, or mend postgres.url and postgres.passwordFile.';
  return await guarded('postgres', where, advice, async () => {
    const needs = { clock: nodeClock(), logger: silentLogger };
    const options = { ...poolOptionsOf(config, 'skerry doctor'), connectionsMax: 1, connectMs: ANSWER_MS };
    await using pool = openPostgresPool(options, needs);
    return await pool.use('examine PostgreSQL', async (session) => {
      const server = await serverFindings(session, config);
      const { schema } = config.postgres;
      const rights = await rightsFinding(session, schema, role);
      if (rights.verdict === 'fault') return [...server, rights];
      const isOpen = await mayReadPoints(session, schema);
      const stored = isOpen
        ? [...(await storedRetentionFindings(session, config)), await sourcesFinding(session, schema)]
        : [];
      return [...server, rights, ...stored, ...(await gatewaysFinding(session, schema))];
    });
  });
}

async function serverFindings(session: PostgresSession, { postgres }: SkerryConfig): Promise<Finding[]> {
  const askedAt = Date.now();
  const [row = {}] = await session.query(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
       pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS "readOnly",
       current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous,
       current_setting('full_page_writes') AS pages, current_setting('max_connections')::int AS connections,
       extract(epoch FROM clock_timestamp())::float8 AS now,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescale`,
  );
  const skewSecs = Math.abs(Number(row.now) - (askedAt + Date.now()) / 2_000);
  return [
    versionFinding(row),
    durabilityFinding(row),
    skewFinding('postgres clock', skewSecs, 'retention and freshness follow them'),
    roomFinding(row, postgres.poolMax),
  ];
}

function versionFinding({ version, number, standby, readOnly, timescale }: Row): Finding {
  const check = 'postgres';
  const found = `PostgreSQL ${version}${timescale ? `, TimescaleDB ${timescale}` : ', without TimescaleDB'}`;
  if (standby === true || readOnly === 'on') {
    const advice = 'Name every host in postgres.url, and target_session_attrs=read-write.';
    return { check, verdict: 'fault', found: `${found}, and it takes no writes`, advice };
  }
  if (Number(number) >= POSTGRES_LEAST) return ok(check, found);
  return {
    check,
    verdict: 'warning',
    found,
    advice: 'Use PostgreSQL 15 or newer: older ones were not tried.',
  };
}

function durabilityFinding({ fsync, synchronous, pages }: Row): Finding {
  const check = 'postgres durability';
  const found = `fsync ${fsync}, full_page_writes ${pages}, synchronous_commit ${synchronous}`;
  const advice =
    'ALTER SYSTEM SET … TO on; SELECT pg_reload_conf(); and look for it in postgresql.conf, roles and databases.';
  if (fsync !== 'on' || pages !== 'on') {
    const why = 'A power cut can leave a database that cannot be read.';
    return { check, verdict: 'fault', found, advice: `${why} ${advice}` };
  }
  if (synchronous !== 'off') return ok(check, found);
  const why = 'A power cut takes the last commits; they are read again from Kafka, while Kafka has them.';
  return { check, verdict: 'warning', found, advice: `${why} ${advice}` };
}

function skewFinding(check: string, skewSecs: number, why: string): Finding {
  const found = `${skewSecs.toFixed(3)} s apart from this machine`;
  if (skewSecs <= SKEW_WARNING_SECS) return ok(check, found);
  const advice = `Set both clocks by NTP: ${why}.`;
  return { check, verdict: skewSecs > SKEW_FAULT_SECS ? 'fault' : 'warning', found, advice };
}

function roomFinding({ connections }: Row, poolMax: number): Finding {
  const check = 'postgres connections';
  const found = `max_connections ${connections}, postgres.poolMax ${poolMax} for each process`;
  if (Number(connections) >= 4 * poolMax) return ok(check, found);
  const advice = 'Raise max_connections above the sum over all roles, or lower postgres.poolMax.';
  return { check, verdict: 'warning', found, advice };
}

/** It may be away: newest values come from PostgreSQL then. */
async function redisFindings(config: SkerryConfig): Promise<Finding[]> {
  const check = 'redis';
  const where = config.redis.url.replace(/\/\/[^@/]*@/, '//');
  const advice =
    'Start Redis, or mend redis.url, redis.passwordFile and redis.caFile; without it newest values come from PostgreSQL.';
  const { readRedisFacts } = await import('@skerry/series/redis');
  const found = await guarded(check, where, advice, async () => {
    const { version, role, bytesMax, policy, skewSecs } = await readRedisFacts(
      redisPlaceOf(config, 'skerry-doctor'),
      ANSWER_MS,
    );
    const told = `Redis ${version} at ${where}, ${bytesMax === 0 ? 'without a bound of memory' : `maxmemory ${bytesMax}, ${policy}`}`;
    if (role !== 'master') {
      const why = 'Name the one that takes writes in redis.url.';
      return [{ check, verdict: 'warning', found: `${told}, and it is a ${role}`, advice: why }];
    }
    if (bytesMax > 0 && policy === 'noeviction') {
      const why =
        'CONFIG SET maxmemory-policy allkeys-lru: a full Redis refuses what is written, and the cache is not used.';
      return [{ check, verdict: 'warning', found: told, advice: why }];
    }
    const clock =
      skewSecs === undefined
        ? ok('redis clock', 'its user may not ask for the time, so it is not known')
        : skewFinding('redis clock', skewSecs, 'values in the cache expire by its own');
    return [ok(check, told), clock];
  });
  return found.map((one) => (one.verdict === 'fault' ? { ...one, verdict: 'warning' } : one));
}
