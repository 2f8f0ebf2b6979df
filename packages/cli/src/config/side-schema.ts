/** What every role reads of those who stand beside the data plane: who collects traces, and who remembers newest values. */
export interface SideConfig {
  readonly tracing: {
    readonly otlpUrl: string;
    readonly headersFile: string;
    readonly caFile: string;
    readonly sampleRatio: number;
    readonly serviceName: string;
    readonly attributes: readonly string[];
  };
  readonly redis: {
    readonly url: string;
    readonly passwordFile: string;
    readonly caFile: string;
    readonly expirySecs: number;
  };
}

const text = (description: string) => ({ type: 'string' as const, default: '', description });

/** The sections: types, defaults, ranges and descriptions. */
export const SIDE_SECTIONS = {
  tracing: {
    type: 'object' as const,
    additionalProperties: false,
    required: ['otlpUrl', 'headersFile', 'caFile', 'sampleRatio', 'serviceName', 'attributes'],
    properties: {
      otlpUrl: {
        ...text(
          'Collector of traces by OTLP over HTTP, with JSON: http:// or https://; /v1/traces where it has no path. Empty traces nothing.',
        ),
        pattern: '^$|^https?://[^\\s@]+$',
      },
      headersFile: text(
        'File with header fields of each request to the collector, one a line: NAME: VALUE. Empty for none.',
      ),
      caFile: text('Certificate authorities of the collector, a PEM file; empty for those of the system.'),
      sampleRatio: {
        type: 'number' as const,
        default: 0.01,
        minimum: 0,
        maximum: 1,
        description:
          'Share of the messages without a trace context of their own that are followed; one that brings a context is followed as that says.',
      },
      serviceName: text('Name of this process in traces; empty for skerry- and the role.'),
      attributes: {
        type: 'array' as const,
        maxItems: 64,
        items: { type: 'string' as const, pattern: '^[^=\\s]+=.*$' },
        default: [],
        description: 'Further attributes of this process in traces, NAME=VALUE.',
      },
    },
  },
  redis: {
    type: 'object' as const,
    additionalProperties: false,
    required: ['url', 'passwordFile', 'caFile', 'expirySecs'],
    properties: {
      url: {
        ...text(
          'Redis that keeps newest values for skerry cloud: redis:// or rediss://USER@HOST:PORT/DATABASE. Empty for none.',
        ),
        pattern: '^$|^rediss?://\\S+$',
      },
      passwordFile: text('File that holds the password; stronger than one in the address.'),
      caFile: text('Certificate authorities of Redis, a PEM file; empty for those of the system.'),
      expirySecs: {
        type: 'integer' as const,
        default: 3_600,
        minimum: 10,
        maximum: 86_400,
        description: 'Time after which everything in Redis is read from PostgreSQL anew, s.',
      },
    },
  },
} as const;

/** Names of the sections. */
export const SIDE_SECTION_NAMES = ['tracing', 'redis'] as const;
