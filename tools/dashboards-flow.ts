import type { DashboardPlan, PanelPlan, VariablePlan } from './dashboards-model.ts';

const INSTANCE: VariablePlan = {
  name: 'instance',
  label: 'Instance',
  from: 'prometheus',
  query: 'label_values(iot_build_info, instance)',
  isMany: true,
};

/** Each writer counts its own, each cloud all of them. */
const OPEN_LETTERS =
  'max(sum by (job) (iot_pipeline_dead_letters_open{job!="skerry-cloud"}) or max by (job) (iot_pipeline_dead_letters_open{job="skerry-cloud"}))';

/** Latency of one stage as a heatmap. */
const LATENCY_HEATMAP =
  'sum by (le) (increase(iot_processing_latency_seconds_bucket{stage="end_to_end"}[$__rate_interval]))';

const VISIBLE_IN_TIME: PanelPlan = {
  title: 'Visible within 5 s',
  description:
    'Share of the records of the last hour that could be seen within 5 s of their receipt; the aim is 99.9 %.',
  type: 'stat',
  unit: 'percentunit',
  width: 6,
  steps: [
    [0, 'red'],
    [0.99, 'yellow'],
    [0.999, 'green'],
  ],
  queries: [
    {
      query:
        'sum(increase(iot_processing_latency_seconds_bucket{stage="end_to_end",le=~"5|5[.]0"}[1h])) / sum(increase(iot_processing_latency_seconds_count{stage="end_to_end"}[1h]))',
      legend: 'in time',
    },
  ],
};

/** The dashboard that the earlier system had. */
export const PLATFORM: DashboardPlan = {
  uid: 'skerry-platform',
  title: 'IoT Platform Dashboard',
  description: 'Devices, their data and how soon it can be seen.',
  variables: [
    {
      name: 'tenant',
      label: 'Tenant',
      from: 'prometheus',
      query: 'label_values(iot_device_count, tenant)',
      isMany: true,
    },
  ],
  panels: [
    {
      title: 'Device Status',
      description:
        'With metrics.perDevice one value for each device, 1 while it is fresh; the number of devices by status otherwise.',
      type: 'stat',
      unit: 'none',
      width: 24,
      queries: [
        {
          query: 'max by (device_id) (iot_device_status{device_id!="",tenant=~"$tenant"})',
          legend: '{{device_id}}',
        },
        { query: 'max by (status) (iot_device_status{status!=""})', legend: '{{status}}' },
      ],
    },
    {
      title: 'Data Ingestion Rate',
      description: 'Telemetry records a second that were given a verdict.',
      type: 'timeseries',
      unit: 'ops',
      queries: [{ query: 'rate(iot_data_ingestion_total[5m])', legend: '{{job}} {{instance}}' }],
    },
    {
      title: 'Processing Latency',
      description: 'Time from the receipt of a record until its points can be seen.',
      type: 'heatmap',
      unit: 's',
      queries: [{ query: LATENCY_HEATMAP, legend: '{{le}}', format: 'heatmap' }],
    },
    {
      title: 'Devices by phase',
      description: 'Devices known, by tenant, and whether they were heard of within five minutes.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'max by (tenant, phase) (iot_device_count{tenant=~"$tenant"})',
          legend: '{{tenant}} {{phase}}',
        },
      ],
    },
  ],
};

/** Whether all is well, on one page. */
export const OVERVIEW: DashboardPlan = {
  uid: 'skerry-overview',
  title: 'Overview',
  description: 'Whether all roles work, how much comes in, how soon it is visible, and what waits.',
  variables: [INSTANCE],
  panels: [
    VISIBLE_IN_TIME,
    {
      title: 'Not ready',
      description: 'Processes that something keeps from a part of their work.',
      type: 'stat',
      unit: 'none',
      width: 6,
      steps: [[1, 'red']],
      queries: [{ query: 'count(iot_ready) - sum(iot_ready)', legend: 'not ready' }],
    },
    {
      title: 'Ledger',
      description: 'Findings of the ledger; 0 when every record that was received has one verdict.',
      type: 'stat',
      unit: 'none',
      width: 6,
      steps: [[1, 'red']],
      queries: [{ query: 'max(iot_ledger_imbalance)', legend: 'findings' }],
    },
    {
      title: 'Open dead letters',
      description: 'Records that were set aside and not yet replayed or discarded.',
      type: 'stat',
      unit: 'none',
      width: 6,
      steps: [[1, 'yellow']],
      queries: [{ query: OPEN_LETTERS, legend: 'open' }],
    },
    {
      title: 'Roles',
      description: 'Version and role of each process; 1 while it is ready.',
      type: 'table',
      unit: 'none',
      width: 24,
      queries: [
        {
          query:
            'iot_ready{instance=~"$instance"} * on (job, instance) group_left (role, version) iot_build_info',
        },
      ],
    },
    {
      title: 'Records a second',
      description: 'Records that were given a verdict, and those that were set aside.',
      type: 'timeseries',
      unit: 'ops',
      queries: [
        { query: 'sum(rate(iot_data_ingestion_total[$__rate_interval]))', legend: 'processed' },
        { query: 'sum(rate(iot_pipeline_dead_letters_total[$__rate_interval]))', legend: 'set aside' },
      ],
    },
    {
      title: 'HTTP requests',
      description: 'Requests a second by outcome, without the probes.',
      type: 'timeseries',
      unit: 'reqps',
      queries: [
        {
          query:
            'sum by (status) (rate(iot_api_requests_total{instance=~"$instance",route!~"/health|/ready"}[$__rate_interval]))',
          legend: '{{status}}',
        },
      ],
    },
    {
      title: 'HTTP duration',
      description: 'Time that 99 of 100 requests take at most, by route; event streams are left out.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.99, sum by (route, le) (rate(iot_api_request_seconds_bucket{instance=~"$instance"}[$__rate_interval])))',
          legend: '{{route}}',
        },
      ],
    },
    {
      title: 'Event loop delay',
      description: 'How late one turn in a hundred comes, by process and thread.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.99, sum by (instance, thread, le) (rate(iot_process_event_loop_delay_seconds_bucket{instance=~"$instance"}[$__rate_interval])))',
          legend: '{{instance}} {{thread}}',
        },
      ],
    },
    {
      title: 'Memory',
      description: 'Resident memory of each process.',
      type: 'timeseries',
      unit: 'bytes',
      queries: [
        { query: 'iot_process_resident_memory_bytes{instance=~"$instance"}', legend: '{{job}} {{instance}}' },
      ],
    },
    {
      title: 'CPU',
      description: 'Cores that each process uses.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'rate(iot_process_cpu_seconds{instance=~"$instance"}[$__rate_interval])',
          legend: '{{job}} {{instance}}',
        },
      ],
    },
  ],
};

/** What comes in from brokers. */
export const INGESTION: DashboardPlan = {
  uid: 'skerry-ingestion',
  title: 'Ingestion',
  description: 'From external brokers through the gateways: rate, errors, duration.',
  variables: [
    {
      name: 'source',
      label: 'Broker',
      from: 'prometheus',
      query: 'label_values(iot_subscriber_connected, source)',
      isMany: true,
    },
  ],
  panels: [
    {
      title: 'Received',
      description: 'Messages a second taken from external brokers.',
      type: 'timeseries',
      unit: 'ops',
      queries: [
        {
          query:
            'sum by (source, instance) (rate(iot_subscriber_received_total{source=~"$source"}[$__rate_interval]))',
          legend: '{{source}} {{instance}}',
        },
      ],
    },
    {
      title: 'Connected',
      description: 'Gateways that are connected to each broker.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        { query: 'sum by (source) (iot_subscriber_connected{source=~"$source"})', legend: '{{source}}' },
      ],
    },
    {
      title: 'Unacknowledged',
      description: 'Messages of each broker that are not durable yet.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        { query: 'sum by (source) (iot_subscriber_unacked{source=~"$source"})', legend: '{{source}}' },
      ],
    },
    {
      title: 'Lost at the broker',
      description: 'Sessions that were forgotten and messages that a broker says it dropped.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'sum by (source) (increase(iot_subscriber_sessions_lost_total{source=~"$source"}[1h]))',
          legend: '{{source}} sessions',
        },
        {
          query: 'sum by (source) (increase(iot_subscriber_broker_dropped_total{source=~"$source"}[1h]))',
          legend: '{{source}} dropped',
        },
      ],
    },
    {
      title: 'Sync of the journal',
      description: 'Time that 99 of 100 syncs take at most; acknowledgements wait for them.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.99, sum by (instance, le) (rate(iot_journal_sync_seconds_bucket[$__rate_interval])))',
          legend: '{{instance}}',
        },
      ],
    },
    {
      title: 'Writes to Kafka',
      description: 'Time until Kafka has acknowledged a round of records: median and 99 of 100.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.5, sum by (le) (rate(iot_kafka_write_seconds_bucket[$__rate_interval])))',
          legend: 'median',
        },
        {
          query:
            'histogram_quantile(0.99, sum by (le) (rate(iot_kafka_write_seconds_bucket[$__rate_interval])))',
          legend: '99 %',
        },
      ],
    },
  ],
};

/** What is processed, and what waits. */
export const LAG: DashboardPlan = {
  uid: 'skerry-pipeline',
  title: 'Pipeline and lag',
  description: 'What writers do, what waits in Kafka and in journals, and how long Kafka keeps it.',
  variables: [
    {
      name: 'topic',
      label: 'Topic',
      from: 'prometheus',
      query: 'label_values(iot_site_lag_records, topic)',
      isMany: true,
    },
  ],
  panels: [
    VISIBLE_IN_TIME,
    {
      title: 'Retention left',
      description: 'Time until Kafka removes the first record that is not stored.',
      type: 'stat',
      unit: 's',
      width: 6,
      steps: [
        [0, 'red'],
        [43_200, 'green'],
      ],
      queries: [
        {
          query: 'min({__name__=~"iot_(kafka|site)_retention_left_seconds",topic=~"$topic"})',
          legend: 'left',
        },
      ],
    },
    {
      title: 'Lag in records',
      description: 'Records of each partition that are not stored.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'max by (topic, partition) ({__name__=~"iot_(kafka|site)_lag_records",topic=~"$topic"})',
          legend: '{{topic}}/{{partition}}',
        },
        { query: 'iot_kafka_uplink_lag_records', legend: 'uplink {{instance}}' },
      ],
    },
    {
      title: 'Lag in time',
      description: 'Age of the oldest record that is not passed on.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query: 'max by (topic, partition) ({__name__=~"iot_(kafka|site)_lag_seconds",topic=~"$topic"})',
          legend: '{{topic}}/{{partition}}',
        },
        { query: 'iot_kafka_uplink_lag_seconds', legend: 'uplink {{instance}}' },
        { query: 'iot_pipeline_backlog_seconds', legend: 'pipeline {{instance}}' },
      ],
    },
    {
      title: 'Latency by stage',
      description: 'Time from receipt to the end of each stage for 99 of 100 records.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.99, sum by (stage, le) (rate(iot_processing_latency_seconds_bucket[$__rate_interval])))',
          legend: '{{stage}}',
        },
      ],
    },
    {
      title: 'Dead letters',
      description: 'Records set aside in an hour, by reason.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        { query: 'sum by (reason) (increase(iot_pipeline_dead_letters_total[1h]))', legend: '{{reason}}' },
      ],
    },
    {
      title: 'Deduplicated',
      description: 'Records a second that a gateway had sent before.',
      type: 'timeseries',
      unit: 'ops',
      queries: [{ query: 'sum(rate(iot_pipeline_repeated_total[$__rate_interval]))', legend: 'repeated' }],
    },
    {
      title: 'Not ready',
      description: 'What keeps processes from their work, by code.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'sum by (instance, code) (iot_not_ready_reasons) or sum by (instance) (1 - iot_ready)',
          legend: '{{instance}} {{code}}',
        },
      ],
    },
  ],
};
