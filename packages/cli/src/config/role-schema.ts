/** An external MQTT broker that a gateway subscribes to. */
export interface SourceConfig {
  readonly name: string;
  readonly url: string;
  readonly protocol: '3.1.1' | '5';
  readonly topics: readonly string[];
  readonly qos: number;
  readonly share: string;
  readonly username: string;
  readonly passwordFile: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly receiveMaximum: number;
  readonly sessionExpirySecs: number;
}

/** A further store of points that a writer feeds beside PostgreSQL. */
export interface SinkConfig {
  readonly name: string;
  readonly kind: 'influxdb1' | 'influxdb2' | 'influxdb3';
  readonly url: string;
  readonly database: string;
  readonly organization: string;
  readonly measurement: string;
  readonly username: string;
  readonly passwordFile: string;
  readonly tokenFile: string;
  readonly gzip: boolean;
  readonly retentionHours: number;
}

/** What the roles of a larger site read of the configuration beside the sections of `skerry up`. */
export interface RoleConfig {
  readonly sources: readonly SourceConfig[];
  readonly gateway: {
    readonly group: string;
    readonly ordinal: number;
    readonly buffer: 'segment' | 'none';
    readonly leaseSecs: number;
  };
  readonly kafka: {
    readonly brokers: readonly string[];
    readonly layout: 'one' | 'project' | 'bridge-v1' | 'bridge-v2';
    readonly topic: string;
    readonly key: 'device' | 'topic' | 'client' | 'project';
    readonly topicsMax: number;
    readonly partitions: number;
    readonly replication: number;
    readonly minInSync: number;
    readonly retentionHours: number;
    readonly tls: {
      readonly enabled: boolean;
      readonly caFile: string;
      readonly certFile: string;
      readonly keyFile: string;
    };
    readonly sasl: {
      readonly mechanism: 'none' | 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly passwordFile: string;
    };
  };
  readonly postgres: {
    readonly url: string;
    readonly passwordFile: string;
    readonly caFile: string;
    readonly schema: string;
    readonly poolMax: number;
    readonly statementSecs: number;
    readonly readUrl: string;
    readonly readStaleSecs: number;
  };
  readonly writer: {
    readonly group: string;
    readonly sealAfterMs: number;
    readonly sessionMs: number;
  };
  readonly sinks: readonly SinkConfig[];
  readonly readings: { readonly from: string };
}

const text = (description: string, value = '') => ({ type: 'string' as const, default: value, description });

const name = (description: string, value: string) => ({
  ...text(description, value),
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9._-]+$',
});

const whole = (description: string, value: number, minimum: number, maximum: number) => ({
  type: 'integer' as const,
  default: value,
  minimum,
  maximum,
  description,
});

const choice = <const T extends string>(description: string, values: readonly T[], value: T) => ({
  type: 'string' as const,
  enum: values,
  default: value,
  description,
});

const section = <const T extends object>(properties: T) => ({
  type: 'object' as const,
  additionalProperties: false,
  required: Object.keys(properties),
  properties,
});

/** The sections of the roles: types, defaults, ranges and descriptions. */
export const ROLE_SECTIONS = {
  sources: {
    type: 'array' as const,
    maxItems: 64,
    default: [],
    description: 'External MQTT brokers that a gateway subscribes to.',
    items: section({
      name: name('Name of the broker in messages and metrics.', 'broker'),
      url: {
        ...text('Address: mqtt://, mqtts://, ws:// or wss://, host and port.', 'mqtt://127.0.0.1:1883'),
        pattern: '^(mqtts?|wss?)://[^\\s@]+$',
      },
      protocol: choice('Version of MQTT that is spoken with it.', ['3.1.1', '5'], '5'),
      topics: {
        type: 'array' as const,
        minItems: 1,
        maxItems: 64,
        items: { type: 'string' as const, minLength: 1, maxLength: 1_024 },
        default: ['mtic/msg/client/realtime/#'],
        description: 'Topic filters, at one broker none that contains another.',
      },
      qos: whole(
        'Highest quality of service asked for. At 2 a message comes once, but for a kill of the gateway, after which those of a window may come twice.',
        1,
        0,
        2,
      ),
      share: text(
        'Group of a shared subscription; empty for none, and then one gateway at a time subscribes.',
      ),
      username: text('User name at the broker; empty for none.'),
      passwordFile: text('File that holds the password.'),
      caFile: text('Certificate authorities of the broker, a PEM file; empty for those of the system.'),
      certFile: text('Certificate of this client, a PEM file; empty for none.'),
      keyFile: text('Key of the certificate of this client, a PEM file.'),
      receiveMaximum: whole('Messages that may wait for their acknowledgement.', 1_000, 1, 65_535),
      sessionExpirySecs: whole(
        'How long the broker is asked to keep messages while nobody is connected, s; MQTT 5 only, at least 4 times gateway.leaseSecs.',
        259_200,
        0,
        4_294_967_295,
      ),
    }),
  },
  gateway: section({
    group: name('Name of this group of gateways; their MQTT client ids begin with it.', 'skerry-gateway'),
    ordinal: whole(
      'Number of this gateway in its group; -1 takes a free one from PostgreSQL. Without PostgreSQL every source needs a share as soon as one has a number above 0, and nobody empties the sessions that a gateway leaves at its brokers for good.',
      -1,
      -1,
      9_999,
    ),
    buffer: choice(
      'Whether a message is acknowledged after the own fsync (segment) or after Kafka has it (none).',
      ['segment', 'none'],
      'segment',
    ),
    leaseSecs: whole(
      'Time after which the number of a gateway that is not renewed is free for others, s.',
      15,
      3,
      3_600,
    ),
  }),
  kafka: section({
    brokers: {
      type: 'array' as const,
      maxItems: 64,
      items: { type: 'string' as const, pattern: '^[^\\s:/]+:[0-9]{1,5}$' },
      default: [],
      description: 'Kafka brokers, host:port.',
    },
    layout: choice(
      'Topics of Kafka: one for all, one for each project, or those of the earlier bridge.',
      ['one', 'project', 'bridge-v1', 'bridge-v2'],
      'one',
    ),
    topic: name('Topic of the layout "one".', 'iot.telemetry'),
    key: choice('What keeps records in order.', ['device', 'topic', 'client', 'project'], 'device'),
    topicsMax: whole(
      'Topics that the layouts by project may come to. With their partitions they have to stay below the 4,096 sources of one schema in PostgreSQL, with room for topics that are made anew.',
      300,
      1,
      100_000,
    ),
    partitions: whole('Partitions of a topic that is made.', 12, 1, 4_096),
    replication: whole('Replicas of a topic that is made.', 1, 1, 9),
    minInSync: whole('Replicas that must have a record before it is acknowledged.', 1, 1, 9),
    retentionHours: whole('Hours for which a topic that is made keeps its records.', 72, 1, 87_600),
    tls: section({
      enabled: {
        type: 'boolean' as const,
        default: false,
        description: 'Whether Kafka is spoken to over TLS.',
      },
      caFile: text('Certificate authorities of Kafka, a PEM file; empty for those of the system.'),
      certFile: text('Certificate of this client, a PEM file; empty for none.'),
      keyFile: text('Key of the certificate of this client, a PEM file.'),
    }),
    sasl: section({
      mechanism: choice(
        'How this client signs in at Kafka.',
        ['none', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
        'none',
      ),
      username: text('User name at Kafka.'),
      passwordFile: text('File that holds the password.'),
    }),
  }),
  postgres: section({
    url: {
      ...text('Address of PostgreSQL: postgres://USER@HOST:PORT/DATABASE; several hosts with commas.'),
      pattern: '^$|^postgres(ql)?://\\S+$',
    },
    passwordFile: text('File that holds the password; stronger than one in the address.'),
    caFile: text(
      'Certificate authorities of PostgreSQL, a PEM file: connections are encrypted and its name is checked (verify-full).',
    ),
    schema: { ...name('Schema that holds the tables.', 'skerry'), pattern: '^[a-z_][a-z0-9_]*$' },
    poolMax: whole('Connections of one process.', 8, 1, 1_000),
    statementSecs: whole('Time a statement may take, s.', 30, 1, 3_600),
    readUrl: {
      ...text(
        'Address of a streaming standby from which `skerry cloud` answers questions about devices and points; empty for the primary.',
      ),
      pattern: '^$|^postgres(ql)?://\\S+$',
    },
    readStaleSecs: whole(
      'What was committed longer ago than this is in every answer of the standby; while that cannot be shown, the primary answers, s.',
      10,
      2,
      3_600,
    ),
  }),
  writer: section({
    group: name("Kafka's consumer group of the writers.", 'skerry-writer'),
    sealAfterMs: whole('Age at which records are committed to the store, ms.', 100, 10, 60_000),
    sessionMs: whole(
      'Silence after which Kafka gives the partitions of a writer to others, ms.',
      30_000,
      6_000,
      1_800_000,
    ),
  }),
  sinks: {
    type: 'array' as const,
    maxItems: 16,
    default: [],
    description: 'Further stores of points that writers feed beside PostgreSQL.',
    items: section({
      name: name('Name of the sink; what it has taken is kept under it.', 'influx'),
      kind: choice(
        'Which server it is: InfluxDB 1 (its own write API, InfluxQL), 2 (its write API, InfluxQL) or 3 (the write API of 2, SQL).',
        ['influxdb1', 'influxdb2', 'influxdb3'],
        'influxdb1',
      ),
      url: {
        ...text('Address: http:// or https://, host and port.', 'http://127.0.0.1:8086'),
        pattern: '^https?://[^\\s@]+$',
      },
      database: { ...text('Database of InfluxDB 1 and 3, bucket of InfluxDB 2.', 'iot'), minLength: 1 },
      organization: text('Organization of InfluxDB 2, which cannot be without one; empty for the others.'),
      measurement: text(
        'Measurement of all points, with the metric as a tag; empty for one for each metric.',
      ),
      username: text('User name at InfluxDB 1; empty for none.'),
      passwordFile: text('File that holds the password.'),
      tokenFile: text('File that holds the token; empty for none.'),
      gzip: { type: 'boolean' as const, default: true, description: 'Whether requests are compressed.' },
      retentionHours: whole(
        'Retention of the database of InfluxDB 1 that is made, h; one that is there is compared with it. 0 makes and compares none.',
        72,
        0,
        876_000,
      ),
    }),
  },
  readings: section({
    from: text(
      'Sink out of which skerry cloud answers ranges, aggregates, newest values and exports; empty for PostgreSQL.',
    ),
  }),
} as const;

/** Names of the sections of the roles. */
export const ROLE_SECTION_NAMES = [
  'sources',
  'gateway',
  'kafka',
  'postgres',
  'writer',
  'sinks',
  'readings',
] as const;
