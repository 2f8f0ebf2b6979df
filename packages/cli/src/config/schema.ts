import type { JSONSchemaType } from 'ajv';
import { PROFILE_NAMES, type ProfileName } from './retention-profiles.ts';
import { ROLE_SECTION_NAMES, ROLE_SECTIONS, type RoleConfig } from './role-schema.ts';
import { SIDE_SECTION_NAMES, SIDE_SECTIONS, type SideConfig } from './side-schema.ts';

/** The configuration of every role, as in force. Every leaf can be set in the file, by `SKERRY_*` and by a flag. */
export interface SkerryConfig extends RoleConfig, SideConfig {
  readonly dataDir: string;
  readonly demo: boolean;
  readonly retention: { readonly profile: ProfileName };
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Names by which other machines know this one. */
    readonly hostNames: readonly string[];
    readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string };
  };
  readonly mqtt: {
    readonly host: string;
    readonly port: number;
    readonly connectionsMax: number;
    readonly packetBytesMax: number;
    /** Who may connect without a name. */
    readonly anonymous: 'loopback' | 'never';
    readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string };
    readonly websocket: { readonly enabled: boolean; readonly port: number };
  };
  readonly access: { readonly insecureListeners: boolean };
  readonly journal: {
    readonly engine: 'segment' | 'kafka';
    readonly topic: string;
    readonly bytesMax: number;
    readonly hoursMax: number;
  };
  readonly series: {
    readonly rawDays: number;
    readonly rollupDays: number;
    /** Of TimescaleDB, as the next one. */
    readonly chunkHours: number;
    readonly compressAfterDays: number;
  };
  readonly pipeline: { readonly sealPoints: number; readonly sealAfterSecs: number };
  readonly routing: {
    readonly telemetry: readonly string[];
    readonly unmatched: 'deadLetter' | 'messaging' | 'refuse';
  };
  readonly metrics: { readonly perDevice: boolean };
  readonly log: { readonly level: 'error' | 'warn' | 'info' | 'debug'; readonly format: 'text' | 'json' };
}

const host = (what: string) => ({
  type: 'string' as const,
  default: '127.0.0.1',
  minLength: 1,
  description: `Address ${what} listens on. Another than a loopback address needs TLS.`,
});

const pemFile = (what: string) => ({
  type: 'string' as const,
  default: '',
  description: `${what}, a PEM file; read again when it changes. Empty for no TLS.`,
});

const port = (what: string, value: number) => ({
  type: 'integer' as const,
  default: value,
  minimum: 0,
  maximum: 65_535,
  description: `Port of ${what}; 0 picks a free one.`,
});

/** The one schema: types, defaults, ranges and descriptions. Unknown keys are refused. */
export const CONFIG_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: [
    ...['dataDir', 'demo', 'retention', 'http', 'mqtt', 'access', 'journal', 'series', 'pipeline', 'routing'],
    ...['metrics', 'log'],
    ...ROLE_SECTION_NAMES,
    ...SIDE_SECTION_NAMES,
  ],
  properties: {
    dataDir: {
      type: 'string',
      minLength: 1,
      description: 'Folder that holds the journal, the store and the credentials.',
    },
    demo: {
      type: 'boolean',
      default: true,
      description: 'Whether a simulated wind farm publishes over MQTT.',
    },
    retention: {
      type: 'object',
      additionalProperties: false,
      required: ['profile'],
      properties: {
        profile: {
          type: 'string',
          enum: PROFILE_NAMES,
          default: 'default',
          description:
            'How long what is kept where its own key is not set: `default`, points and Kafka for 3 days and rollups for 90; `long`, Kafka for 7 days, points and rollups for 90, compressed after 7 in TimescaleDB. `skerry config print` shows each value.',
        },
      },
    },
    http: {
      type: 'object',
      additionalProperties: false,
      required: ['host', 'port', 'hostNames', 'tls'],
      properties: {
        host: host('HTTP'),
        port: port('HTTP API and page', 8080),
        hostNames: {
          type: 'array',
          maxItems: 64,
          items: { type: 'string', minLength: 1, maxLength: 253 },
          default: [],
          description:
            'Names by which browsers reach this machine, without port; its addresses and localhost are always served.',
        },
        tls: {
          type: 'object',
          additionalProperties: false,
          required: ['port', 'certFile', 'keyFile'],
          properties: {
            port: port('HTTPS; HTTP stays on loopback then', 8443),
            certFile: pemFile('Certificate chain of HTTPS'),
            keyFile: pemFile('Key of the certificate of HTTPS'),
          },
        },
      },
    },
    mqtt: {
      type: 'object',
      additionalProperties: false,
      required: ['host', 'port', 'connectionsMax', 'packetBytesMax', 'anonymous', 'tls', 'websocket'],
      properties: {
        host: host('MQTT'),
        port: port('MQTT', 1883),
        connectionsMax: {
          type: 'integer',
          default: 10_000,
          minimum: 1,
          maximum: 1_000_000,
          description: 'MQTT connections at a time.',
        },
        packetBytesMax: {
          type: 'integer',
          default: 1_048_576,
          minimum: 1_024,
          maximum: 16_777_216,
          description: 'Largest MQTT packet taken, in bytes.',
        },
        anonymous: {
          type: 'string',
          enum: ['loopback', 'never'],
          default: 'loopback',
          description:
            'Who may connect to MQTT without a name: `loopback`, clients on a loopback address; `never`, nobody.',
        },
        tls: {
          type: 'object',
          additionalProperties: false,
          required: ['port', 'certFile', 'keyFile'],
          properties: {
            port: port('MQTT over TLS', 8883),
            certFile: pemFile('Certificate chain of MQTT over TLS'),
            keyFile: pemFile('Key of the certificate of MQTT over TLS'),
          },
        },
        websocket: {
          type: 'object',
          additionalProperties: false,
          required: ['enabled', 'port'],
          properties: {
            enabled: {
              type: 'boolean',
              default: true,
              description: 'Whether MQTT over WebSocket is served, at /mqtt; over TLS when mqtt.tls is set.',
            },
            port: port('MQTT over WebSocket', 8083),
          },
        },
      },
    },
    access: {
      type: 'object',
      additionalProperties: false,
      required: ['insecureListeners'],
      properties: {
        insecureListeners: {
          type: 'boolean',
          default: false,
          description:
            'Listens on other than loopback addresses without TLS. Whoever is on the way reads passwords and tokens.',
        },
      },
    },
    journal: {
      type: 'object',
      additionalProperties: false,
      required: ['engine', 'topic', 'bytesMax', 'hoursMax'],
      properties: {
        engine: {
          type: 'string',
          enum: ['segment', 'kafka'],
          default: 'segment',
          description:
            'Where `skerry up` keeps its journal: `segment`, files of the data folder; `kafka`, a topic of one partition at `kafka.brokers`, which acknowledges in the place of the disk.',
        },
        topic: {
          type: 'string',
          pattern: '^[A-Za-z0-9._-]{1,249}$',
          default: 'iot.journal',
          description:
            'Topic that is the journal with `journal.engine: kafka`. Each `skerry up` has one of its own.',
        },
        bytesMax: {
          type: 'integer',
          default: 2_147_483_648,
          minimum: 16_777_216,
          maximum: 1_099_511_627_776,
          description: 'Most bytes the journal may take on disk; not with `journal.engine: kafka`.',
        },
        hoursMax: {
          type: 'integer',
          default: 72,
          minimum: 1,
          maximum: 8_760,
          description:
            'Hours after which consumed records may be removed from the journal; with `journal.engine: kafka` it is `kafka.retentionHours`.',
        },
      },
    },
    series: {
      type: 'object',
      additionalProperties: false,
      required: ['rawDays', 'rollupDays', 'chunkHours', 'compressAfterDays'],
      properties: {
        rawDays: {
          type: 'integer',
          default: 3,
          minimum: 1,
          maximum: 3_650,
          description: 'Days for which points are kept.',
        },
        rollupDays: {
          type: 'integer',
          default: 90,
          minimum: 1,
          maximum: 3_650,
          description: 'Days for which rollups are kept; not fewer than `series.rawDays`.',
        },
        chunkHours: {
          type: 'integer',
          default: 24,
          minimum: 1,
          maximum: 8_760,
          description:
            'Hours of event time in one chunk of TimescaleDB. PostgreSQL alone has a partition a day.',
        },
        compressAfterDays: {
          type: 'integer',
          default: 0,
          minimum: 0,
          maximum: 3_650,
          description:
            'Days after which TimescaleDB compresses points; fewer than `series.rawDays`. 0 compresses none.',
        },
      },
    },
    pipeline: {
      type: 'object',
      additionalProperties: false,
      required: ['sealPoints', 'sealAfterSecs'],
      properties: {
        sealPoints: {
          type: 'integer',
          default: 250_000,
          minimum: 1_000,
          maximum: 4_000_000,
          description: 'Points at which the head is sealed into the store.',
        },
        sealAfterSecs: {
          type: 'number',
          default: 15,
          minimum: 0.1,
          maximum: 300,
          description: 'Age in seconds at which the head is sealed into the store.',
        },
      },
    },
    routing: {
      type: 'object',
      additionalProperties: false,
      required: ['telemetry', 'unmatched'],
      properties: {
        telemetry: {
          type: 'array',
          minItems: 1,
          maxItems: 64,
          items: { type: 'string', minLength: 1, maxLength: 1_024 },
          default: [
            'mtic/msg/client/realtime/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}',
            'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
          ],
          description:
            'Topic templates whose publications are telemetry. `{tenantId=acme}` and `{projectId=plant}` behind the last level fix what no level names; `spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}` with both is Sparkplug B.',
        },
        unmatched: {
          type: 'string',
          enum: ['deadLetter', 'messaging', 'refuse'],
          default: 'messaging',
          description:
            'What becomes of publications that no template owns: `messaging` passes them to subscribers, `deadLetter` sets them aside, `refuse` refuses them.',
        },
      },
    },
    metrics: {
      type: 'object',
      additionalProperties: false,
      required: ['perDevice'],
      properties: {
        perDevice: {
          type: 'boolean',
          default: false,
          description: 'Whether iot_device_status tells of each device, of 1,000 at most, instead of counts.',
        },
      },
    },
    log: {
      type: 'object',
      additionalProperties: false,
      required: ['level', 'format'],
      properties: {
        level: {
          type: 'string',
          enum: ['error', 'warn', 'info', 'debug'],
          default: 'info',
          description: 'Least severity that is logged.',
        },
        format: {
          type: 'string',
          enum: ['text', 'json'],
          default: 'text',
          description: 'Shape of a log line.',
        },
      },
    },
    ...ROLE_SECTIONS,
    ...SIDE_SECTIONS,
  },
} as const satisfies SchemaNode & Partial<JSONSchemaType<unknown>>;

/** The part of JSON Schema that the configuration uses. */
export interface SchemaNode {
  readonly type: 'object' | 'string' | 'integer' | 'number' | 'boolean' | 'array';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly [keyword: string]: unknown;
}

/** One leaf of the schema with its path. */
export interface ConfigLeaf {
  /** Keys joined by dots: `http.port`. */
  readonly path: string;
  readonly schema: SchemaNode;
}

/** Every leaf of the configuration, in the order of the schema. */
export function configLeaves(schema: SchemaNode = CONFIG_SCHEMA, prefix = ''): ConfigLeaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    return child.type === 'object' ? configLeaves(child, path) : [{ path, schema: child }];
  });
}

/** The environment variable of a leaf: `http.port` is `SKERRY_HTTP_PORT`, `dataDir` is `SKERRY_DATA_DIR`. */
export function environmentName(path: string): string {
  return `SKERRY_${path
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('.', '_')
    .toUpperCase()}`;
}

/** The flag of a leaf: `http.port` is `--http-port`, `dataDir` is `--data-dir`. */
export function flagName(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replaceAll('.', '-');
}
