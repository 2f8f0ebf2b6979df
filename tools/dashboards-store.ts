import type { DashboardPlan } from './dashboards-model.ts';

/** The stores: sizes and times. */
export const STORAGE: DashboardPlan = {
  uid: 'skerry-storage',
  title: 'Storage',
  description: 'Disks, journals and stores: sizes, times, what each partition has.',
  variables: [
    {
      name: 'instance',
      label: 'Instance',
      from: 'prometheus',
      query: 'label_values(iot_build_info, instance)',
      isMany: true,
    },
  ],
  panels: [
    {
      title: 'Free disk',
      description: 'Free share of the disk of each data folder.',
      type: 'timeseries',
      unit: 'percentunit',
      queries: [
        {
          query: 'iot_disk_free_bytes{instance=~"$instance"} / iot_disk_size_bytes{instance=~"$instance"}',
          legend: '{{job}} {{instance}}',
        },
      ],
    },
    {
      title: 'Journals',
      description: 'Bytes of the journals on disk.',
      type: 'timeseries',
      unit: 'bytes',
      queries: [{ query: 'iot_journal_size_bytes{instance=~"$instance"}', legend: '{{job}} {{instance}}' }],
    },
    {
      title: 'Stores',
      description: 'Bytes of the store: all tables of PostgreSQL, or the files of skerry up.',
      type: 'timeseries',
      unit: 'bytes',
      queries: [{ query: 'max by (job) (iot_store_bytes)', legend: '{{job}}' }],
    },
    {
      title: 'Time of a seal',
      description: 'Time until a seal is durable in the store: median and 99 of 100.',
      type: 'timeseries',
      unit: 's',
      queries: [
        {
          query:
            'histogram_quantile(0.5, sum by (job, le) (rate(iot_store_seal_seconds_bucket[$__rate_interval])))',
          legend: '{{job}} median',
        },
        {
          query:
            'histogram_quantile(0.99, sum by (job, le) (rate(iot_store_seal_seconds_bucket[$__rate_interval])))',
          legend: '{{job}} 99 %',
        },
      ],
    },
    {
      title: 'Points stored',
      description: 'Points a second that became durable.',
      type: 'timeseries',
      unit: 'ops',
      queries: [
        { query: 'sum by (job) (rate(iot_store_points_total[$__rate_interval]))', legend: '{{job}}' },
      ],
    },
    {
      title: 'Points by minute',
      description: 'Points in PostgreSQL by the minute of their event time.',
      type: 'timeseries',
      unit: 'none',
      from: 'postgres',
      queries: [
        {
          query:
            "SELECT $__timeGroup(time, '1m') AS time, count(*) AS points FROM skerry.telemetry WHERE $__timeFilter(time) GROUP BY 1 ORDER BY 1",
        },
      ],
    },
    {
      title: 'Partitions',
      description: 'What each source has stored: who writes it, up to where, and when it was sealed last.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      width: 24,
      queries: [
        {
          format: 'table',
          query: 'SELECT label, owner, epoch, position, points, sealed FROM skerry.sources ORDER BY label',
        },
      ],
    },
    {
      title: 'Largest tables',
      description: 'Bytes of each table with its indexes.',
      type: 'table',
      unit: 'bytes',
      from: 'postgres',
      width: 24,
      queries: [
        {
          format: 'table',
          query:
            "SELECT c.relname AS name, pg_total_relation_size(c.oid) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'skerry' AND c.relkind = 'r' ORDER BY 2 DESC LIMIT 20",
        },
      ],
    },
  ],
};

const DEVICE = "tenant = '$tenant' AND project = '$project' AND device = '$device'";

/** One device. */
export const EXPLORER: DashboardPlan = {
  uid: 'skerry-device',
  title: 'Device explorer',
  description:
    'What one device has sent: its metrics over time, newest values, connections and dead letters.',
  variables: [
    {
      name: 'tenant',
      label: 'Tenant',
      from: 'postgres',
      query: 'SELECT DISTINCT tenant FROM skerry.devices ORDER BY 1',
    },
    {
      name: 'project',
      label: 'Project',
      from: 'postgres',
      query: "SELECT DISTINCT project FROM skerry.devices WHERE tenant = '$tenant' ORDER BY 1",
    },
    {
      name: 'device',
      label: 'Device',
      from: 'postgres',
      query:
        "SELECT device FROM skerry.devices WHERE tenant = '$tenant' AND project = '$project' AND device <> '' ORDER BY 1 LIMIT 5000",
    },
    {
      name: 'metric',
      label: 'Metric',
      from: 'postgres',
      query: `SELECT metric FROM skerry.series WHERE ${DEVICE} ORDER BY 1`,
    },
  ],
  panels: [
    {
      title: 'Values',
      description: 'Values of the metric by event time.',
      type: 'timeseries',
      unit: 'none',
      from: 'postgres',
      width: 24,
      queries: [
        {
          query: `SELECT time, value AS "$metric" FROM skerry.telemetry WHERE ${DEVICE} AND metric = '$metric' AND $__timeFilter(time) ORDER BY time LIMIT 100000`,
        },
      ],
    },
    {
      title: 'Newest values',
      description: 'Newest value of each metric of the device, whatever its type.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      queries: [
        {
          format: 'table',
          query: `SELECT metric, time, coalesce(exact::text, value::text, text, flag::text) AS value, unit FROM skerry.telemetry_latest WHERE ${DEVICE} ORDER BY metric`,
        },
      ],
    },
    {
      title: 'Delay of the device',
      description: 'Time between event and receipt, the mean of each minute.',
      type: 'timeseries',
      unit: 's',
      from: 'postgres',
      queries: [
        {
          query: `SELECT $__timeGroup(time, '1m') AS time, avg(extract(epoch FROM received - time)) AS delay FROM skerry.telemetry WHERE ${DEVICE} AND $__timeFilter(time) GROUP BY 1 ORDER BY 1`,
        },
      ],
    },
    {
      title: 'Accounts',
      description: 'Verdicts of the records of the device.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      queries: [
        {
          format: 'table',
          query: `SELECT sum(stored) AS stored, sum(deduplicated) AS deduplicated, sum(dead_lettered) AS "dead letters", sum(filtered) AS filtered FROM skerry.accounts WHERE device = (SELECT id FROM skerry.devices WHERE ${DEVICE})`,
        },
      ],
    },
    {
      title: 'Last heard of',
      description: 'Time since each device of the project was heard of, the longest silent first.',
      type: 'table',
      unit: 's',
      from: 'postgres',
      queries: [
        {
          format: 'table',
          query:
            "SELECT device, extract(epoch FROM now() - seen) AS silent FROM skerry.devices WHERE tenant = '$tenant' AND project = '$project' AND device <> '' ORDER BY seen NULLS FIRST LIMIT 100",
        },
      ],
    },
  ],
};

/** Whether everything that was received is accounted for. */
export const LEDGER: DashboardPlan = {
  uid: 'skerry-ledger',
  title: 'Ledger',
  description:
    'Every record that was received has one verdict: the accounts, by Prometheus and by the tables.',
  variables: [
    {
      name: 'tenant',
      label: 'Tenant',
      from: 'postgres',
      query: 'SELECT DISTINCT tenant FROM skerry.verdicts ORDER BY 1',
    },
  ],
  panels: [
    {
      title: 'Findings',
      description: 'Findings of the last check of each process; 0 when it balances.',
      type: 'stat',
      unit: 'none',
      steps: [[1, 'red']],
      queries: [{ query: 'max by (job, instance) (iot_ledger_imbalance)', legend: '{{job}} {{instance}}' }],
    },
    {
      title: 'Accounts',
      description: 'Records by account, as the cloud or skerry up counts them.',
      type: 'timeseries',
      unit: 'none',
      queries: [
        {
          query: 'max by (job, account) (iot_ledger_records{job=~"skerry-(cloud|up)"})',
          legend: '{{job}} {{account}}',
        },
      ],
    },
    {
      title: 'Verdicts by project',
      description: 'Verdicts of the tenant, by project, over all partitions.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      width: 24,
      queries: [
        {
          format: 'table',
          query:
            'SELECT project, sum(stored) AS stored, sum(deduplicated) AS deduplicated, sum(filtered) AS filtered, sum(dead_lettered) AS "dead letters", sum(discarded) AS discarded, sum(expired) AS expired FROM skerry.verdicts WHERE tenant = \'$tenant\' GROUP BY project ORDER BY project',
        },
      ],
    },
    {
      title: 'Dead letters by reason',
      description: 'Dead letters of the tenant, by reason and state.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      queries: [
        {
          format: 'table',
          query:
            "SELECT reason, state, count(*) AS letters FROM skerry.dead_letters WHERE tenant = '$tenant' GROUP BY 1, 2 ORDER BY 3 DESC",
        },
      ],
    },
    {
      title: 'Positions of gateways',
      description: 'Records that each gateway has taken in and sent to Kafka, as it has told last.',
      type: 'table',
      unit: 'none',
      from: 'postgres',
      queries: [
        {
          format: 'table',
          query: 'SELECT name, as_of AS "taken in", sent, told FROM skerry.gateway_journals ORDER BY name',
        },
      ],
    },
  ],
};
