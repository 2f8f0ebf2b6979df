import { count, flag, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';

/** Kinds of documents that this room keeps. */
export const KINDS = ['Pipeline', 'LookupTable'] as const;

const figures = {
  in: count('Messages that came since the process began.'),
  out: count('Messages that went on.'),
  takenOut: count('Messages that were taken out.'),
  deadLettered: count('Records that were set aside.'),
  late: count('Messages that were too late for every open window.'),
  results: count('Results of windows.'),
  cost: count('Units that its expressions cost at most.'),
};

const entry = {
  kind: oneOfWords('Kind of the document.', KINDS),
  name: text('Name, unique among its kind inside of its tenant and project.'),
  tenant: nullable(text('The tenant it is about; null: all.')),
  project: nullable(text('The project it is about; null: all.')),
  topics: list(text('Topic filter.')),
  inForce: flag('Whether it is in force; one that was removed keeps its history.'),
  version: count('Number of its newest version.'),
  offset: {
    type: 'integer',
    description: 'Journal offset of that version: it is in force for what lies behind.',
  },
  changed: time('When the version was made.'),
  author: text('Who made the version.'),
  stages: list(ref('PipelineStage')),
} as const;

const document = {
  type: 'object',
  description:
    'A declared document: `apiVersion: skerry.dev/v1alpha1`, `kind: Pipeline` or `LookupTable`, `metadata.name`, `spec`. docs/pipeline-stages.md names every field.',
  additionalProperties: true,
} as const;

const values = (description: string) =>
  ({ type: 'object', description, additionalProperties: true }) as const;

/** What this room takes and answers. */
export const PIPELINE_SCHEMAS = {
  StagesDocument: document,
  PipelineStage: object('One stage with what it did since the process began.', {
    name: text('Name inside of the pipeline.'),
    type: text('Filter, Transform, Enrich or Aggregate.'),
    ...figures,
    groups: count('Groups of an Aggregate.'),
    windows: count('Open windows of an Aggregate.'),
  }),
  PipelineEntry: object('A declared pipeline or lookup table.', entry),
  PipelinePage: object('Declared documents by kind and name.', { items: list(ref('PipelineEntry')) }),
  PipelineDetail: object('A declared document as it is in force.', {
    ...entry,
    document: nullable(ref('StagesDocument')),
  }),
  PipelineVersion: object('One version of a document.', {
    version: entry.version,
    offset: entry.offset,
    changed: entry.changed,
    author: entry.author,
    action: oneOfWords('What made it.', ['apply', 'undo', 'remove']),
    of: count('The version whose document it has: an older one after an undo.'),
    document: nullable(ref('StagesDocument')),
  }),
  PipelineHistory: object('Versions, the newest first.', { items: list(ref('PipelineVersion')) }),
  StageMessage: object('A message on its way through stages.', {
    device: text('Device id.'),
    time: time('Event time.'),
    metrics: values('Values by metric; exact integers beyond 2^53 are texts.'),
    attributes: values('Texts by name.'),
    isResult: flag('Whether a window made it.'),
  }),
  PipelineTrial: object(
    'Samples to try.',
    {
      document: ref('StagesDocument'),
      samples: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: object(
          'A record to try: a topic and a payload, or the offset of a dead letter.',
          {
            topic: text('MQTT topic.', { minLength: 1 }),
            payload: {
              description: 'A text, base64, or JSON, as `encoding` says.',
              anyOf: [
                { type: 'string' },
                { type: 'number' },
                { type: 'boolean' },
                values('An object.'),
                list(values('An object.')),
              ],
            },
            encoding: oneOfWords('How the payload is written; text when absent.', ['text', 'base64', 'json']),
            contentType: text('Content type of the record.'),
            received: time('When it was received; now when absent.'),
            deadLetter: count('Offset of a dead letter instead of topic and payload.'),
          },
          ['topic', 'payload', 'encoding', 'contentType', 'received', 'deadLetter'],
        ),
      },
    },
    ['document'],
  ),
  PipelineTrialOutcome: object('What became of each sample, in their order.', {
    items: list(
      object('One sample.', {
        topic: text('MQTT topic.'),
        verdict: oneOfWords('What would become of it.', [
          'stored',
          'filtered',
          'deadLettered',
          'notTelemetry',
        ]),
        fault: nullable(
          object('Why it would be set aside.', {
            stage: text('`decode`, or pipeline and stage.'),
            detail: text('What was found and what was wanted.'),
          }),
        ),
        steps: list(
          object('One message at one stage.', {
            pipeline: text('Name of the pipeline.'),
            stage: text('Name of the stage.'),
            type: text('Type of the stage.'),
            takenOut: flag('Whether the stage took it out.'),
            before: ref('StageMessage'),
            after: ref('StageMessage'),
          }),
        ),
        outputs: list(ref('StageMessage')),
      }),
    ),
  }),
  PipelineShadow: object(
    'A document and the recorded records to run it over: by offsets, by times, or the newest.',
    {
      document: ref('StagesDocument'),
      fromOffset: count('First journal offset.'),
      toOffset: count('Journal offset behind the last.'),
      from: time('First receive time, by batches of the journal.'),
      to: time('Receive time of the end.'),
      lastRecords: {
        type: 'integer',
        minimum: 1,
        description: 'The newest so many records; 10,000 when nothing is said.',
      },
    },
    ['fromOffset', 'toOffset', 'from', 'to', 'lastRecords'],
  ),
  PipelineShadowCounts: object('What one set of stages made of the records.', {
    stored: count('Records that would be stored.'),
    filtered: count('Records that would be taken out.'),
    deadLettered: count('Records that would be set aside.'),
    messages: count('Messages that would be stored.'),
    results: count('Results of windows.'),
  }),
  PipelineShadowVerdict: object('What one set of stages makes of one record.', {
    verdict: oneOfWords('What would become of it.', ['stored', 'filtered', 'deadLettered']),
    detail: text('Why it would be set aside; empty otherwise.'),
    outputs: list(ref('StageMessage')),
  }),
  PipelineShadowReport: object('How a document differs from what is in force.', {
    fromOffset: count('First journal offset.'),
    toOffset: count('Journal offset behind the last record that was taken.'),
    cut: flag('Whether it ended before its range.'),
    cancelled: flag('Whether it was cancelled.'),
    records: count('Telemetry records that the document or its namesake in force takes.'),
    undecodable: count('Those of them that cannot be decoded.'),
    changed: count('Records that the two judge differently.'),
    inForce: ref('PipelineShadowCounts'),
    candidate: ref('PipelineShadowCounts'),
    stages: list(
      object('One stage of the candidate.', {
        pipeline: text('Name of the pipeline.'),
        stage: text('Name of the stage.'),
        ...figures,
      }),
    ),
    differences: list(
      object('One of the first records that are judged differently.', {
        offset: count('Journal offset.'),
        topic: text('MQTT topic.'),
        inForce: ref('PipelineShadowVerdict'),
        candidate: ref('PipelineShadowVerdict'),
      }),
    ),
    durationMs: count('How long it took, in milliseconds.'),
  }),
} as const;
