import { type MetricFamily, mergeFamilies } from '@skerry/kernel';

/** Names that the earlier system had planned, and the metrics of which each is another name. */
export const EARLIER_NAMES: Readonly<Record<string, readonly string[]>> = {
  mqtt_messages_received_total: ['iot_subscriber_received_total', 'iot_mqtt_publishes_received_total'],
  kafka_write_latency_seconds: ['iot_kafka_write_seconds'],
  message_processing_errors_total: ['iot_pipeline_dead_letters_total', 'iot_kafka_uplink_refused_total'],
};

/** The families, and those of them once more that have an earlier name. */
export function withEarlierNames(families: readonly MetricFamily[]): MetricFamily[] {
  const again = Object.entries(EARLIER_NAMES).flatMap(([name, sources]) =>
    families
      .filter((family) => sources.includes(family.name))
      .map((family) => ({ ...family, name, help: `Earlier name of ${sources.join(' and ')}.` })),
  );
  return [...families, ...mergeFamilies([again])];
}
