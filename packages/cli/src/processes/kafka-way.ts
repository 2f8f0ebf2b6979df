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
import { readNamed, readSecret } from './role.ts';

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
  return await openKafkaClient({ clientId, ...kafkaAccessOf(config) }, needs);
}

/** How the configured cluster is reached. Fails with `config-invalid` when a file of it cannot be read. */
export function kafkaAccessOf({
  kafka: { brokers, tls, sasl },
}: Pick<SkerryConfig, 'kafka'>): Omit<KafkaClientOptions, 'clientId'> {
  const authority = readNamed('kafka.tls.caFile', tls.caFile);
  const certificate = readNamed('kafka.tls.certFile', tls.certFile);
  const key = readNamed('kafka.tls.keyFile', tls.keyFile);
  const password = readSecret('kafka.sasl.passwordFile', sasl.passwordFile) ?? '';
  return {
    brokers,
    ...(tls.enabled
      ? {
          tls: {
            ...(authority === undefined ? {} : { authority }),
            ...(certificate === undefined || key === undefined ? {} : { certificate, key }),
          },
        }
      : {}),
    ...(sasl.mechanism === 'none'
      ? {}
      : { sasl: { mechanism: sasl.mechanism, username: sasl.username, password } }),
  };
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
