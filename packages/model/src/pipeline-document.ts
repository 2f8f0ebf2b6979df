import { type DocumentFault, DocumentReader, type RawObject, show } from './document-reader.ts';
import { type LayoutDocument, readLayout } from './layout-document.ts';

/** `apiVersion` of every declared document. */
export const API_VERSION = 'skerry.dev/v1alpha1';

/** Which records a pipeline takes; an absent member narrows nothing. */
export interface PipelineMatch {
  readonly tenant?: string;
  readonly project?: string;
  /** MQTT topic filters, `+` and `#` included; one of them fits. */
  readonly topics?: readonly string[];
}

/** How payloads are read: by the content type of each record, or always as the one that is named. */
export const PAYLOAD_TYPES = [
  'auto',
  'application/json',
  'application/senml+json',
  'application/cbor',
  'application/msgpack',
  'application/vnd.influxdb.line-protocol',
  'application/octet-stream',
] as const;

/** One of `PAYLOAD_TYPES`. */
export type PayloadType = (typeof PAYLOAD_TYPES)[number];

/** How payloads are compressed: as each record says, or always so. */
export const PAYLOAD_ENCODINGS = ['auto', 'identity', 'gzip', 'zstd'] as const;

/** One of `PAYLOAD_ENCODINGS`. */
export type PayloadEncoding = (typeof PAYLOAD_ENCODINGS)[number];

/** How the payloads of a pipeline are read. */
export interface DecodeDocument {
  readonly contentType: PayloadType;
  /** `auto` when absent. */
  readonly contentEncoding?: PayloadEncoding;
  /** How the bytes lie; with `application/octet-stream` alone, and always with it. */
  readonly layout?: LayoutDocument;
}

/** Keeps what its expression says. */
export interface FilterDocument {
  readonly name: string;
  readonly type: 'Filter';
  /** CEL, a truth value. */
  readonly keep: string;
}

/** Changes metrics, in this order: `scale`, `set`, `rename`, `drop`. */
export interface TransformDocument {
  readonly name: string;
  readonly type: 'Transform';
  /** CEL by metric that is there; `value` is its value. A name that ends in `*` means all that begin so. */
  readonly scale: Readonly<Record<string, string>>;
  /** CEL by metric, made or replaced; null makes none. */
  readonly set: Readonly<Record<string, string>>;
  /** New name by old name. */
  readonly rename: Readonly<Record<string, string>>;
  /** Names, or their beginnings followed by `*`. */
  readonly drop: readonly string[];
}

/** Adds columns of the row of a table that an expression finds. */
export interface EnrichDocument {
  readonly name: string;
  readonly type: 'Enrich';
  /** Name of a `LookupTable`; absent when `csv` is there. */
  readonly table?: string;
  /** The table itself: a header line, then rows. */
  readonly csv?: string;
  /** CEL, a text: the key of the row. */
  readonly key: string;
  /** The column that holds the keys; the first when absent. */
  readonly keyColumn?: string;
  /** Columns to add; all when empty. */
  readonly columns: readonly string[];
  readonly into: 'attributes' | 'metrics';
  /** What becomes of a message without a row. */
  readonly missing: 'keep' | 'filter' | 'deadLetter';
}

/** What an aggregate can compute of a window. */
export const AGGREGATE_FUNCTIONS = [
  'count',
  'min',
  'max',
  'mean',
  'sum',
  'first',
  'last',
  'p50',
  'p95',
  'p99',
] as const;

/** One of `AGGREGATE_FUNCTIONS`. */
export type AggregateFunction = (typeof AGGREGATE_FUNCTIONS)[number];

/** Gathers numbers in windows of event time, by group. */
export interface AggregateDocument {
  readonly name: string;
  readonly type: 'Aggregate';
  readonly window: {
    readonly size: string;
    /** How often a window begins; `size`, so that windows do not overlap, when absent. */
    readonly every?: string;
  };
  /** `device`, or CEL that gives a text. */
  readonly groupBy: string;
  /** Names, or their beginnings followed by `*`; every number when empty. */
  readonly metrics: readonly string[];
  readonly functions: readonly AggregateFunction[];
  /** How much older than the newest of its group a message may be. */
  readonly lateness: string;
  readonly late: 'drop' | 'deadLetter';
  /** Whether a message that was gathered goes on to the next stage. One without a number that is gathered does in any case. */
  readonly keepInput: boolean;
  readonly output: {
    /** Device of the results, with `{group}` in it. */
    readonly device: string;
    /** Metric of a result, with `{metric}` and `{function}` in it. */
    readonly metric: string;
    /** The time of a result: where its window starts or ends. */
    readonly time: 'start' | 'end';
  };
}

/** One stage as it is declared. */
export type StageDocument = FilterDocument | TransformDocument | EnrichDocument | AggregateDocument;

/** The types of stages. */
export const STAGE_TYPES = ['Filter', 'Transform', 'Enrich', 'Aggregate'] as const;

/** Annotation that holds the text that a document was written as, with its comments. */
export const SOURCE_ANNOTATION = 'skerry.dev/source';

/** Name of a document, and what people and programs keep beside it; the stages make nothing of annotations. */
export interface DocumentMetadata {
  readonly name: string;
  /** Texts by name. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A declared pipeline, defaults filled in. */
export interface PipelineDocument {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'Pipeline';
  readonly metadata: DocumentMetadata;
  readonly spec: {
    readonly match: PipelineMatch;
    readonly decode: DecodeDocument;
    readonly stages: readonly StageDocument[];
  };
}

/** A declared table that `Enrich` looks into. Belongs to a tenant and project, or to everybody. */
export interface LookupTableDocument {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: 'LookupTable';
  readonly metadata: DocumentMetadata;
  readonly spec: { readonly match: Omit<PipelineMatch, 'topics'>; readonly csv: string };
}

/** A document that the pipeline room takes. */
export type StagesDocument = PipelineDocument | LookupTableDocument;

/** A document with its defaults, or why it cannot be taken: everything at once. */
export type ParsedDocument =
  | { readonly document: StagesDocument; readonly faults: readonly [] }
  | {
      readonly document: undefined;
      readonly faults: readonly DocumentFault[];
      /** What could be read, so that its expressions can be checked in the same go; `places` are the indexes of its stages as written. */
      readonly partial: { readonly document: StagesDocument; readonly places: readonly number[] };
    };

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const NAME_WORDS = 'a name of lower-case letters, digits and hyphens, at most 63';

/** Reads a `Pipeline` or `LookupTable` as JSON gives it. Expressions are not read here. */
export function parseStagesDocument(value: unknown): ParsedDocument {
  const reader = new DocumentReader();
  const root = reader.object(value, '', ['apiVersion', 'kind', 'metadata', 'spec']);
  if (root.apiVersion !== API_VERSION)
    reader.fault('apiVersion', `found ${show(root.apiVersion)}, wanted ${API_VERSION}`);
  if (root.kind === undefined) reader.fault('kind', 'found nothing, wanted Pipeline or LookupTable');
  const kind = reader.choice(root.kind, 'kind', ['Pipeline', 'LookupTable']);
  const metadata = reader.object(root.metadata, 'metadata', ['name', 'annotations']);
  const name = nameOf(reader, metadata.name, 'metadata.name');
  const places: number[] = [];
  const annotations = reader.textsByName(metadata.annotations, 'metadata.annotations', 'texts');
  const kept = Object.keys(annotations).length === 0 ? { name } : { name, annotations };
  const head = { apiVersion: API_VERSION, metadata: kept } as const;
  const document: StagesDocument =
    kind === 'Pipeline'
      ? { ...head, kind, spec: pipelineSpec(reader, root.spec, places) }
      : { ...head, kind, spec: tableSpec(reader, root.spec) };
  return reader.faults.length === 0
    ? { document, faults: [] }
    : { document: undefined, faults: reader.faults, partial: { document, places } };
}

function nameOf(reader: DocumentReader, value: unknown, path: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  reader.fault(path, `found ${show(value)}, wanted ${NAME_WORDS}`);
  return '';
}

function tableSpec(reader: DocumentReader, value: unknown): LookupTableDocument['spec'] {
  const spec = reader.object(value, 'spec', ['match', 'csv']);
  const match = matchOf(reader, spec.match, ['tenant', 'project']);
  return { match, csv: reader.text(spec.csv, 'spec.csv', 'CSV with a header line') ?? '' };
}

function pipelineSpec(reader: DocumentReader, value: unknown, places: number[]): PipelineDocument['spec'] {
  const spec = reader.object(value, 'spec', ['match', 'decode', 'stages']);
  const match = matchOf(reader, spec.match, ['tenant', 'project', 'topics']);
  const decode = decodeOf(reader, spec.decode ?? {});
  if (!Array.isArray(spec.stages)) {
    reader.fault('spec.stages', `found ${show(spec.stages)}, wanted a list of stages`);
    return { match, decode, stages: [] };
  }
  const stages = spec.stages.flatMap((one: unknown, i) => {
    const stage = stageOf(reader, one, `spec.stages[${i}]`);
    if (stage) places.push(i);
    return stage ?? [];
  });
  for (const [i, stage] of stages.entries()) {
    if (stages.findIndex(({ name }) => name === stage.name) === i || stage.name === '') continue;
    reader.fault(
      `spec.stages[${places[i]}].name`,
      `found ${show(stage.name)} a second time, wanted another name`,
    );
  }
  return { match, decode, stages };
}

function decodeOf(reader: DocumentReader, value: unknown): DecodeDocument {
  const raw = reader.object(value, 'spec.decode', ['contentType', 'contentEncoding', 'layout']);
  const contentType = reader.choice(raw.contentType, 'spec.decode.contentType', PAYLOAD_TYPES);
  const isBinary = contentType === 'application/octet-stream';
  if (isBinary !== (raw.layout !== undefined))
    reader.fault(
      'spec.decode.layout',
      isBinary
        ? 'found nothing beside application/octet-stream, wanted how its bytes lie'
        : `found a layout beside ${contentType}, wanted it with application/octet-stream alone`,
    );
  return {
    contentType,
    ...(raw.contentEncoding === undefined
      ? {}
      : {
          contentEncoding: reader.choice(
            raw.contentEncoding,
            'spec.decode.contentEncoding',
            PAYLOAD_ENCODINGS,
          ),
        }),
    ...(isBinary && raw.layout !== undefined
      ? { layout: readLayout(reader, raw.layout, 'spec.decode.layout') }
      : {}),
  };
}

function matchOf(reader: DocumentReader, value: unknown, known: readonly string[]): PipelineMatch {
  const match = reader.object(value ?? {}, 'spec.match', known);
  const tenant = reader.optionalText(match.tenant, 'spec.match.tenant', 'a tenant id');
  const project = reader.optionalText(match.project, 'spec.match.project', 'a project id');
  if (project !== undefined && tenant === undefined)
    reader.fault('spec.match.tenant', 'found nothing beside a project, wanted the tenant of the project');
  const topics = reader.texts(match.topics, 'spec.match.topics', 'topic filters');
  for (const [i, filter] of topics.entries()) {
    if (!isTopicFilter(filter))
      reader.fault(`spec.match.topics[${i}]`, `found ${show(filter)}, wanted an MQTT topic filter`);
  }
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(topics.length === 0 ? {} : { topics }),
  };
}

function isTopicFilter(filter: string): boolean {
  const levels = filter.split('/');
  return levels.every((level, i) =>
    level.includes('#') ? level === '#' && i === levels.length - 1 : !level.includes('+') || level === '+',
  );
}

const MEMBERS: Readonly<Record<StageDocument['type'], readonly string[]>> = {
  Filter: ['keep'],
  Transform: ['scale', 'set', 'rename', 'drop'],
  Enrich: ['table', 'csv', 'key', 'keyColumn', 'columns', 'into', 'missing'],
  Aggregate: ['window', 'groupBy', 'metrics', 'functions', 'lateness', 'late', 'keepInput', 'output'],
};

function stageOf(reader: DocumentReader, value: unknown, path: string): StageDocument | undefined {
  const typed: RawObject = typeof value === 'object' && value !== null ? { ...value } : {};
  const type = STAGE_TYPES.find((one) => one === typed.type);
  if (type === undefined) {
    // reports the type, and anything that is no stage at all
    if (Object.keys(typed).length === 0) reader.fault(path, `found ${show(value)}, wanted a stage`);
    else if (typed.type === undefined)
      reader.fault(`${path}.type`, `found nothing, wanted one of ${STAGE_TYPES.join(', ')}`);
    else reader.choice(typed.type, `${path}.type`, STAGE_TYPES);
    return undefined;
  }
  const raw = reader.object(value, path, ['name', 'type', ...MEMBERS[type]]);
  const name = nameOf(reader, raw.name, `${path}.name`);
  if (type === 'Filter')
    return { name, type, keep: reader.text(raw.keep, `${path}.keep`, 'a CEL expression') ?? '' };
  if (type === 'Transform') return transformOf(reader, raw, name, path);
  return type === 'Enrich' ? enrichOf(reader, raw, name, path) : aggregateOf(reader, raw, name, path);
}

function transformOf(reader: DocumentReader, raw: RawObject, name: string, path: string): TransformDocument {
  const scale = reader.textsByName(raw.scale, `${path}.scale`, 'CEL expressions');
  const set = reader.textsByName(raw.set, `${path}.set`, 'CEL expressions');
  const rename = reader.textsByName(raw.rename, `${path}.rename`, 'metric names');
  const drop = reader.texts(raw.drop, `${path}.drop`, 'metric names');
  return { name, type: 'Transform', scale, set, rename, drop };
}

function enrichOf(reader: DocumentReader, raw: RawObject, name: string, path: string): EnrichDocument {
  const table = reader.optionalText(raw.table, `${path}.table`, 'the name of a LookupTable');
  const csv = reader.optionalText(raw.csv, `${path}.csv`, 'CSV with a header line');
  if ((table === undefined) === (csv === undefined))
    reader.fault(`${path}.table`, 'found both or none of table and csv, wanted one of them');
  const keyColumn = reader.optionalText(raw.keyColumn, `${path}.keyColumn`, 'the name of a column');
  return {
    name,
    type: 'Enrich',
    ...(table === undefined ? {} : { table }),
    ...(csv === undefined ? {} : { csv }),
    key: reader.optionalText(raw.key, `${path}.key`, 'a CEL expression') ?? 'device',
    ...(keyColumn === undefined ? {} : { keyColumn }),
    columns: reader.texts(raw.columns, `${path}.columns`, 'column names'),
    into: reader.choice(raw.into, `${path}.into`, ['attributes', 'metrics']),
    missing: reader.choice(raw.missing, `${path}.missing`, ['keep', 'filter', 'deadLetter']),
  };
}

function aggregateOf(reader: DocumentReader, raw: RawObject, name: string, path: string): AggregateDocument {
  const window = reader.object(raw.window, `${path}.window`, ['size', 'every']);
  const output = reader.object(raw.output ?? {}, `${path}.output`, ['device', 'metric', 'time']);
  const functions = reader.texts(raw.functions, `${path}.functions`, 'functions');
  if (functions.length === 0)
    reader.fault(`${path}.functions`, `found none, wanted some of ${AGGREGATE_FUNCTIONS.join(', ')}`);
  const size = reader.duration(window.size, `${path}.window.size`, undefined);
  return {
    name,
    type: 'Aggregate',
    window: {
      size,
      ...(window.every === undefined
        ? {}
        : { every: reader.duration(window.every, `${path}.window.every`, size) }),
    },
    groupBy: reader.optionalText(raw.groupBy, `${path}.groupBy`, 'device or a CEL expression') ?? 'device',
    metrics: reader.texts(raw.metrics, `${path}.metrics`, 'metric names'),
    functions: functions.map((one, i) => reader.choice(one, `${path}.functions[${i}]`, AGGREGATE_FUNCTIONS)),
    lateness: reader.duration(raw.lateness, `${path}.lateness`, '0s'),
    late: reader.choice(raw.late, `${path}.late`, ['drop', 'deadLetter']),
    keepInput: reader.flag(raw.keepInput, `${path}.keepInput`, false),
    output: {
      device: reader.optionalText(output.device, `${path}.output.device`, 'a device id') ?? '{group}',
      metric:
        reader.optionalText(output.metric, `${path}.output.metric`, 'a metric name') ?? '{metric}.{function}',
      time: reader.choice(output.time, `${path}.output.time`, ['start', 'end']),
    },
  };
}
