import type { LimitTable } from '@skerry/kernel';

/** Limits of the decoders beside JSON. */
export const DECODER_LIMITS = {
  inflatedBytesMax: {
    value: 4 * 2 ** 20,
    unit: 'bytes',
    what: 'A payload of gzip or zstd once it is decompressed.',
    whenFull: 'The record is dead-lettered as undecodable.',
  },
  layoutPrefixesMax: {
    value: 64,
    unit: 'count',
    what: 'Prefixes of metrics under which the reader of one binary layout is remembered.',
    whenFull: 'The memory is emptied and filled anew.',
  },
  rebirthEveryMs: {
    value: 30_000,
    unit: 'ms',
    what: 'Time between two requests to one Sparkplug edge node for its births.',
    whenFull: 'It is asked again with its next record after that time, until they come.',
  },
  sparkplugNodesMax: {
    value: 20_000,
    unit: 'count',
    what: 'Sparkplug edge nodes whose births are kept.',
    whenFull: 'The birth of one more is dead-lettered as undecodable.',
    metric: 'iot_pipeline_sparkplug_nodes',
  },
  sparkplugDevicesMax: {
    value: 1_000,
    unit: 'count',
    what: 'Sparkplug devices of one edge node whose births are kept.',
    whenFull: 'The birth of one more is dead-lettered as undecodable.',
  },
  sparkplugMetricsMax: {
    value: 500_000,
    unit: 'count',
    what: 'Metrics of all Sparkplug births that are kept, about 150 bytes of memory each.',
    whenFull: 'A birth that would bring more is dead-lettered as undecodable.',
    metric: 'iot_pipeline_sparkplug_metrics',
  },
  templateLevelsMax: {
    value: 8,
    unit: 'levels',
    what: 'Sparkplug templates inside of each other.',
    whenFull: 'The record is dead-lettered as undecodable.',
  },
} as const satisfies LimitTable;
