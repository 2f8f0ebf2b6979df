import { createSecureContext, type SecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import {
  BRIDGE_TOPIC,
  DEFAULT_TOPIC,
  deviceOfTopics,
  type KafkaClient,
  type KafkaClientOptions,
  openKafkaClient,
  TopicLayout,
  type TopicWish,
} from '@skerry/journal/kafka';
import type { Clock, Logger, Random } from '@skerry/kernel';
import { compileRoutes, DEFAULT_ROUTES } from '@skerry/pipeline/routes';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { readNamed, readSecret, reread } from './role.ts';

const HOUR_MS = 3_600_000;
/** What a record has beside its MQTT packet, at most. */
const BESIDE_BYTES = 65_536;
const MESSAGE_BYTES = 2 ** 20 + BESIDE_BYTES;

/** A way to the configured cluster; brokers may be away. Fails as `kafkaAccessOf`. */
export async function openConfiguredKafka(
  clientId: string,
  config: Pick<SkerryConfig, 'kafka'>,
  needs: { readonly clock: Clock; readonly logger: Logger; readonly random: Random },
): Promise<KafkaClient> {
  const access = kafkaAccessOf(config, ({ message: reason }) =>
    needs.logger.log('warn', 'A file for Kafka cannot be used; what was read before is', { reason }),
  );
  return await openKafkaClient({ clientId, ...access }, needs);
}

/** How the configured cluster is reached; its files are read again for each connection, and `tell` hears why one cannot be used then. Fails with `config-invalid` when one cannot be read now. */
export function kafkaAccessOf(
  { kafka: { brokers, tls, sasl } }: Pick<SkerryConfig, 'kafka'>,
  tell?: (fault: CliError) => void,
): Omit<KafkaClientOptions, 'clientId'> {
  const { mechanism, username, passwordFile } = sasl;
  const context = reread(() => contextOf(tls), tell);
  const password = reread(() => readSecret('kafka.sasl.passwordFile', passwordFile) ?? '', tell);
  return {
    brokers,
    ...(tls.enabled ? { tls: context } : {}),
    ...(mechanism === 'none' ? {} : { sasl: { mechanism, username, password } }),
  };
}

/** Fails with `config-invalid` too while a certificate's key is still to be replaced. */
function contextOf({ caFile, certFile, keyFile }: SkerryConfig['kafka']['tls']): SecureContext {
  const ca = readNamed('kafka.tls.caFile', caFile);
  const cert = readNamed('kafka.tls.certFile', certFile);
  const key = readNamed('kafka.tls.keyFile', keyFile);
  try {
    return createSecureContext({ ca, ...(cert === undefined || key === undefined ? {} : { cert, key }) });
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    const found = [caFile, certFile, keyFile].filter((path) => path !== '').join(', ');
    const wanted = 'PEM files, and the key of the certificate';
    throw new CliError('config-invalid', `kafka.tls: found ${found}, wanted ${wanted}: ${why}.`, {}, fault);
  }
}

/** How records are spread over topics, as configured. */
export function layoutOf({ kafka, routing }: Pick<SkerryConfig, 'kafka' | 'routing'>): TopicLayout {
  const { layout, topic, key, topicsMax } = kafka;
  // named by the environment of the earlier bridge, it is the topic of the envelopes
  const rest = layout === 'bridge-v2' && topic === BRIDGE_TOPIC ? DEFAULT_TOPIC : topic;
  const { telemetry: templates, unmatched } = routing;
  const isDefault = isDeepStrictEqual(templates, DEFAULT_ROUTES.templates);
  const byTemplates = {
    deviceOf: deviceOfTopics(compileRoutes({ templates, unmatched })),
    deviceBy: templates.join(' '),
  };
  return new TopicLayout({ layout, topic: rest, key, topicsMax, ...(isDefault ? {} : byTemplates) });
}

/** What topics are made like. */
export function topicWishOf({
  kafka,
  mqtt,
}: Pick<SkerryConfig, 'kafka'> & Partial<Pick<SkerryConfig, 'mqtt'>>): Omit<TopicWish, 'name'> {
  const { partitions, replication, minInSync, retentionHours } = kafka;
  return {
    partitions,
    replication,
    minInSync,
    retentionMs: retentionHours * HOUR_MS,
    maxMessageBytes: MESSAGE_BYTES,
    ...(mqtt ? { recordBytesMax: mqtt.packetBytesMax + BESIDE_BYTES } : {}),
  };
}
