import type { DashboardPlan, PanelPlan, VariablePlan } from './dashboards-model.ts';

// A measurement for each metric, as sinks write them unless they are told otherwise (docs/formats/influx.md).
const TENANT: VariablePlan = {
  name: 'tenant',
  label: 'Tenant',
  from: 'influxdb',
  query: 'SHOW TAG VALUES WITH KEY = "tenant"',
  isMany: true,
};

// InfluxQL adds nothing up over measurements: what is counted is of one metric
const METRIC: VariablePlan = {
  name: 'metric',
  label: 'Metric',
  from: 'influxdb',
  query: 'SHOW MEASUREMENTS',
};

const IN_TENANT = '$timeFilter AND "tenant" =~ /^$tenant$/';
const NUMBERS = `SELECT count("value") AS "n" FROM "$metric" WHERE ${IN_TENANT}`;

/** A panel whose figures come out of InfluxDB. */
function panel(plan: Omit<PanelPlan, 'from'>): PanelPlan {
  return { ...plan, from: 'influxdb' };
}

/** The dashboard that the earlier system had, as far as points tell it. */
export const INFLUX_PLATFORM: DashboardPlan = {
  uid: 'skerry-platform-influxdb',
  title: 'IoT Platform Dashboard (InfluxDB)',
  description:
    'Devices and their data out of InfluxDB. How soon data can be seen is no point: IoT Platform Dashboard has it.',
  variables: [TENANT, METRIC],
  panels: [
    panel({
      title: 'Device Status',
      description:
        'Numbers of the metric that each device has sent in the range; one that was silent is missing.',
      type: 'stat',
      unit: 'none',
      width: 24,
      queries: [
        {
          query: `${NUMBERS} GROUP BY "device"`,
          legend: '$tag_device',
        },
      ],
    }),
    panel({
      title: 'Data Ingestion Rate',
      description: 'Numbers of the metric a second by their event time, the mean of each minute.',
      type: 'timeseries',
      unit: 'ops',
      width: 24,
      queries: [
        {
          query: `SELECT count("value") / 60 FROM "$metric" WHERE ${IN_TENANT} GROUP BY time(1m), "tenant" fill(none)`,
          legend: '$tag_tenant',
        },
      ],
    }),
  ],
};

/** What there is, and since when somebody is silent. */
export const INFLUX_OVERVIEW: DashboardPlan = {
  uid: 'skerry-overview-influxdb',
  title: 'Overview (InfluxDB)',
  description: 'What came into InfluxDB in the range: points, devices and metrics.',
  variables: [TENANT, METRIC],
  panels: [
    panel({
      title: 'Numbers',
      description: 'Numbers of the metric in the range.',
      type: 'stat',
      unit: 'short',
      queries: [{ query: NUMBERS, legend: 'numbers' }],
    }),
    panel({
      title: 'Devices',
      description: 'Devices that have sent a number of the metric in the range.',
      type: 'stat',
      unit: 'none',
      queries: [
        {
          query: `SELECT count("n") FROM (${NUMBERS} GROUP BY "tenant", "project", "device")`,
          legend: 'devices',
        },
      ],
    }),
    panel({
      title: 'Metrics',
      description: 'Numbers, texts and booleans of each metric in the range.',
      type: 'table',
      unit: 'short',
      queries: [
        {
          query: `SELECT count("value") AS "numbers", count("text") AS "texts", count("flag") AS "booleans" FROM /.*/ WHERE ${IN_TENANT}`,
          format: 'table',
        },
      ],
    }),
    panel({
      title: 'Last heard of',
      description: 'Newest number of each device and metric by event time.',
      type: 'table',
      unit: 'none',
      queries: [
        {
          query: `SELECT last("value") AS "newest" FROM /.*/ WHERE ${IN_TENANT} GROUP BY "tenant", "project", "device"`,
          format: 'table',
        },
      ],
    }),
  ],
};

/** How much comes from whom. */
export const INFLUX_INGESTION: DashboardPlan = {
  uid: 'skerry-ingestion-influxdb',
  title: 'Ingestion (InfluxDB)',
  description: 'How many points came, by tenant, project, device and metric, by their event time.',
  variables: [TENANT, METRIC],
  panels: [
    panel({
      title: 'By project',
      description: 'Numbers of the metric a minute, by tenant and project.',
      type: 'timeseries',
      unit: 'opm',
      queries: [
        {
          query: `${NUMBERS} GROUP BY time(1m), "tenant", "project" fill(none)`,
          legend: '$tag_tenant $tag_project',
        },
      ],
    }),
    panel({
      title: 'By metric',
      description: 'Numbers a minute, by metric.',
      type: 'timeseries',
      unit: 'opm',
      queries: [
        {
          query: `SELECT count("value") FROM /.*/ WHERE ${IN_TENANT} GROUP BY time(1m) fill(none)`,
          legend: '$m',
        },
      ],
    }),
    panel({
      title: 'Busiest devices',
      description: 'The twenty devices with the most numbers of the metric in the range.',
      type: 'table',
      unit: 'short',
      queries: [
        {
          query: `SELECT top("n", "device", 20) AS "numbers" FROM (${NUMBERS} GROUP BY "device")`,
          format: 'table',
        },
      ],
    }),
    panel({
      title: 'Hours',
      description:
        'Numbers of the metric by the hour of their event time, a day back and a day ahead: ahead lie those of clocks that are fast.',
      type: 'timeseries',
      unit: 'short',
      queries: [
        {
          query:
            'SELECT count("value") FROM "$metric" WHERE time > now() - 24h AND time < now() + 24h AND "tenant" =~ /^$tenant$/ GROUP BY time(1h) fill(none)',
          legend: 'numbers',
        },
      ],
    }),
  ],
};

const NEWEST_OF_DATABASE =
  'FROM "_internal"."monitor"."database" WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)';
const RATE_OF_WRITES =
  'FROM "_internal"."monitor"."write" WHERE $timeFilter GROUP BY time($__interval) fill(none)';

/** The server itself, out of its database `_internal`. */
export const INFLUX_STORAGE: DashboardPlan = {
  uid: 'skerry-storage-influxdb',
  title: 'Storage (InfluxDB)',
  description: 'What InfluxDB 1 tells of itself: series, disk, writes and what it has refused.',
  variables: [
    {
      name: 'database',
      label: 'Database',
      from: 'influxdb',
      query: 'SHOW DATABASES',
    },
  ],
  panels: [
    panel({
      title: 'Series',
      description: 'Series of each database; each costs memory.',
      type: 'timeseries',
      unit: 'short',
      queries: [{ query: `SELECT last("numSeries") ${NEWEST_OF_DATABASE}`, legend: '$tag_database' }],
    }),
    panel({
      title: 'Measurements',
      description: 'Measurements of each database: metrics, unless the sink has one measurement for all.',
      type: 'timeseries',
      unit: 'short',
      queries: [{ query: `SELECT last("numMeasurements") ${NEWEST_OF_DATABASE}`, legend: '$tag_database' }],
    }),
    panel({
      title: 'Disk',
      description: 'Bytes of the shards of each database.',
      type: 'timeseries',
      unit: 'bytes',
      queries: [
        {
          query:
            'SELECT sum("bytes") FROM (SELECT last("diskBytes") AS "bytes" FROM "_internal"."monitor"."shard" WHERE $timeFilter GROUP BY time($__interval), "database", "id" fill(none)) WHERE $timeFilter GROUP BY time($__interval), "database" fill(none)',
          legend: '$tag_database',
        },
      ],
    }),
    panel({
      title: 'Points written',
      description: 'Points a second that were taken, and that were refused.',
      type: 'timeseries',
      unit: 'ops',
      queries: [
        {
          query: `SELECT non_negative_derivative(last("writeOk"), 1s) ${RATE_OF_WRITES}`,
          legend: 'requests taken',
        },
        { query: `SELECT non_negative_derivative(last("pointReq"), 1s) ${RATE_OF_WRITES}`, legend: 'points' },
        {
          query: `SELECT non_negative_derivative(last("writeDrop"), 1s) ${RATE_OF_WRITES}`,
          legend: 'points refused',
        },
      ],
    }),
    panel({
      title: 'Retention',
      description: 'Retention policies of the database.',
      type: 'table',
      unit: 'none',
      width: 24,
      queries: [{ query: 'SHOW RETENTION POLICIES ON "$database"', format: 'table' }],
    }),
  ],
};

const OF_DEVICE = '"tenant" = \'$one\' AND "project" = \'$project\' AND "device" = \'$device\'';

/** One device. */
export const INFLUX_EXPLORER: DashboardPlan = {
  uid: 'skerry-device-influxdb',
  title: 'Device explorer (InfluxDB)',
  description: 'What one device has sent, as InfluxDB has it: numbers over time, newest values, texts.',
  variables: [
    { name: 'one', label: 'Tenant', from: 'influxdb', query: 'SHOW TAG VALUES WITH KEY = "tenant"' },
    {
      name: 'project',
      label: 'Project',
      from: 'influxdb',
      query: 'SHOW TAG VALUES WITH KEY = "project" WHERE "tenant" = \'$one\'',
    },
    {
      name: 'device',
      label: 'Device',
      from: 'influxdb',
      query: 'SHOW TAG VALUES WITH KEY = "device" WHERE "tenant" = \'$one\' AND "project" = \'$project\'',
    },
    { name: 'metric', label: 'Metric', from: 'influxdb', query: `SHOW MEASUREMENTS WHERE ${OF_DEVICE}` },
  ],
  panels: [
    panel({
      title: 'Values',
      description: 'Mean, least and greatest value of the metric in each interval, by event time.',
      type: 'timeseries',
      unit: 'none',
      width: 24,
      queries: [
        {
          query: `SELECT mean("value") AS "mean", min("value") AS "least", max("value") AS "greatest" FROM "$metric" WHERE ${OF_DEVICE} AND $timeFilter GROUP BY time($__interval) fill(none)`,
          legend: '$col',
        },
      ],
    }),
    panel({
      title: 'Newest values',
      description: 'Newest number of each metric of the device.',
      type: 'table',
      unit: 'none',
      queries: [{ query: `SELECT last("value") AS "newest" FROM /.*/ WHERE ${OF_DEVICE}`, format: 'table' }],
    }),
    panel({
      title: 'Texts and booleans',
      description: 'The newest hundred texts and booleans of each metric of the device.',
      type: 'table',
      unit: 'none',
      queries: [
        {
          query: `SELECT "text", "flag" FROM /.*/ WHERE ${OF_DEVICE} AND $timeFilter ORDER BY time DESC LIMIT 100`,
          format: 'table',
        },
      ],
    }),
    panel({
      title: 'Exact integers',
      description: 'The newest hundred integers beyond 2^53, digit by digit.',
      type: 'table',
      unit: 'none',
      queries: [
        {
          query: `SELECT "exact", "digits" FROM /.*/ WHERE ${OF_DEVICE} AND $timeFilter ORDER BY time DESC LIMIT 100`,
          format: 'table',
        },
      ],
    }),
    panel({
      title: 'Last heard of',
      description: 'Newest number of each device of the project, by metric.',
      type: 'table',
      unit: 'none',
      queries: [
        {
          query:
            'SELECT last("value") AS "newest" FROM /.*/ WHERE "tenant" = \'$one\' AND "project" = \'$project\' GROUP BY "device"',
          format: 'table',
        },
      ],
    }),
  ],
};
