import { type CataloguedMetric, metricCatalogue } from './metrics-catalogue.ts';

/** The page docs/METRICS.md. */
export function metricsPage(): string {
  const groups = [...metricCatalogue()].map(([title, metrics]) =>
    [
      `## ${title}`,
      '',
      '| metric | type | labels | roles | what | when |',
      '| --- | --- | --- | --- | --- | --- |',
      ...metrics.map(rowOf),
      '',
    ].join('\n'),
  );
  return `${[HEAD, ...groups].join('\n').trimEnd()}\n`;
}

function rowOf({ name, type, labels, roles, help, when = '' }: CataloguedMetric): string {
  const cells = [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), roles.join(', ')];
  return `| ${[...cells, help.replaceAll('|', '\\|'), when].join(' | ')} |`;
}

const HEAD = `# Metrics

Written by \`npm run generate\` from tools/metrics-catalogue.ts. \`GET /metrics\` of each role tells them in the text format of Prometheus 0.0.4; histograms are classic \`_bucket\`, \`_sum\` and \`_count\` series. Units are base units: seconds, bytes. A test reads them with a real Prometheus: it finds each one at each of its roles, with its type, labels and words, and none that is not here; the few whose condition does not come about there are named in tests/engines/monitoring/conditions.ts, with the reason and where it does come about.

- \`skerry gateway\` and \`skerry writer\` tell counts and states to whoever reaches their port, and nothing that has a name of a tenant for a label; with a topic for each project (\`kafka.layout\` \`project\`, \`bridge-v1\`) the labels \`topic\` and \`source\` hold ids of tenants wherever they are told, so leave those ports to who runs the site. \`skerry up\` and \`skerry cloud\` want a token of somebody who may read everything; without one, on loopback, they leave out what names tenants.
- \`iot_processing_latency_seconds\` has the label \`stage\`, each from the receipt of a record: \`kafka\` until Kafka has acknowledged it (gateway, cloud), \`decode\` until it has its verdict, \`commit\` until its transaction is durable, and \`end_to_end\` until its points can be seen, which is \`decode\` in \`skerry up\` and \`commit\` in a writer. A query over all stages mixes them: name one.
- \`iot_device_count\` tells tenants apart up to a limit ([docs/LIMITS.md](LIMITS.md)); \`model\` is the newest text of the device's metric \`model\`, else of \`Properties/Hardware Model\` (Sparkplug), whatever the format; it is empty for a device that tells none, or one of more than 64 characters, and a column of \`Enrich\` counts where a \`Transform\` writes it as the metric \`model\`; \`phase\` is \`fresh\` for one that was heard of within five minutes, else \`stale\`. Each cloud counts all devices: take the \`max\` over instances, not the sum.
- \`iot_kafka_lag_…\` and \`iot_kafka_retention_left_seconds\` are told by the writer of a partition, and go with it. \`iot_site_…\` are told by every cloud for every partition, out of Kafka itself where no writer lives: an alert over both is never silent because nobody writes. Each cloud tells the same: \`max\` or \`min\` by partition, not the sum. What is not known, for Kafka does not answer or refuses it, has no sample in either. \`iot_site_sink_…\` are told likewise for each sink, over all partitions, by the clock of PostgreSQL and the days that the writer said which started last; a sink that no writer feeds is left out while writers live.
- \`iot_pipeline_stage_…\` name tenants: \`skerry up\` and \`skerry cloud\` tell them, writers do not. A cloud counts what all writers did since it began itself, as they tell it PostgreSQL every two seconds; each cloud counts the same: take the \`max\` over instances, not the sum. What a writer did in its last two seconds is missing when it is killed. \`iot_pipeline_documents\` of a writer are those of its partition that has most; every partition has every document.
- \`iot_device_status\` counts devices by \`status\`. With \`metrics.perDevice: true\` it has one sample for each of at most 1,000 devices instead: 1 while it is fresh, else 0. No other metric names a device.
- Alerts over these metrics: [runbooks](runbooks/README.md). Dashboards: deploy/grafana.
`;
