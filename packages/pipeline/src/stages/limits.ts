import type { LimitTable } from '@skerry/kernel';

/** Limits of declared pipelines and their stages. */
export const STAGE_LIMITS = {
  expressionCharsMax: {
    value: 1_024,
    unit: 'count',
    what: 'Characters of one expression of a stage.',
    whenFull: 'The document is refused.',
  },
  expressionNodesMax: {
    value: 512,
    unit: 'count',
    what: 'Operators, literals, variables, members and calls of one expression.',
    whenFull: 'The document is refused.',
  },
  expressionLevelsMax: {
    value: 32,
    unit: 'levels',
    what: 'Depth of one expression.',
    whenFull: 'The document is refused.',
  },
  expressionItemsMax: {
    value: 64,
    unit: 'count',
    what: 'Items of a list or map that an expression writes out.',
    whenFull: 'The document is refused.',
  },
  stageMessageCostMax: {
    value: 20_000,
    unit: 'count',
    what: 'Units that the expressions of all stages may cost for one message; docs/pipeline-stages.md says what counts.',
    whenFull: 'The record is dead-lettered as stage-failed.',
  },
  stageRecordCostMax: {
    value: 1_000_000,
    unit: 'count',
    what: 'Units that the expressions of all stages may cost for one record.',
    whenFull: 'The record is dead-lettered as stage-failed.',
  },
  stagesMax: {
    value: 16,
    unit: 'count',
    what: 'Stages of one declared pipeline.',
    whenFull: 'The document is refused.',
  },
  pipelinesMax: {
    value: 256,
    unit: 'count',
    what: 'Declared pipelines and lookup tables of one node.',
    whenFull: 'A further one is refused with stages-refused.',
    metric: 'iot_pipeline_documents',
  },
  tenantPipelinesMax: {
    value: 32,
    unit: 'count',
    what: 'Declared pipelines and lookup tables of one tenant and its projects.',
    whenFull: 'A further one is refused with stages-refused.',
  },
  tenantStageNamesMax: {
    value: 1_024,
    unit: 'count',
    what: 'Stages of one tenant with metrics of their own since the process began.',
    whenFull: 'Further ones are counted together, as those of the pipeline `(others)`.',
  },
  documentsBytesMax: {
    value: 32 * 2 ** 20,
    unit: 'bytes',
    what: 'All declared documents in force, as JSON.',
    whenFull: 'A further one is refused with stages-refused.',
  },
  tenantDocumentsBytesMax: {
    value: 4 * 2 ** 20,
    unit: 'bytes',
    what: 'The declared documents in force of one tenant and its projects, as JSON.',
    whenFull: 'A further one is refused with stages-refused.',
  },
  historiesBytesMax: {
    value: 16 * 2 ** 20,
    unit: 'bytes',
    what: 'All versions of declared documents behind the newest of each, as JSON.',
    whenFull: 'The oldest version of the tenant that has most is forgotten; undo cannot go back to it.',
  },
  removedMax: {
    value: 256,
    unit: 'count',
    what: 'Removed documents whose history is kept.',
    whenFull: 'The one of the tenant that has most that was removed longest ago is forgotten.',
  },
  removedBytesMax: {
    value: 8_192,
    unit: 'bytes',
    what: 'Versions kept of a removed document, as JSON.',
    whenFull:
      'The oldest is forgotten, the last one too: a removed document that was larger cannot be undone.',
  },
  outcomesMax: {
    value: 256,
    unit: 'count',
    what: 'Outcomes of changes of declared documents that are remembered for who asked, and askers that wait.',
    whenFull: 'The oldest is forgotten; who waits for it is told that the change was not judged in time.',
  },
  versionsMax: {
    value: 20,
    unit: 'count',
    what: 'Versions kept of one declared document.',
    whenFull: 'The oldest is forgotten; undo cannot go back to it.',
  },
  versionsBytesMax: {
    value: 4_194_304,
    unit: 'bytes',
    what: 'All versions kept of one declared document, as JSON.',
    whenFull: 'The oldest is forgotten, except for the newest two.',
  },
  tableRowsMax: {
    value: 20_000,
    unit: 'count',
    what: 'Rows of one lookup table.',
    whenFull: 'The document is refused.',
  },
  tableColumnsMax: {
    value: 64,
    unit: 'count',
    what: 'Columns of one lookup table.',
    whenFull: 'The document is refused.',
  },
  tenantGroupsMax: {
    value: 50_000,
    unit: 'count',
    what: 'Groups of one Aggregate and one tenant.',
    whenFull:
      'One more closes the windows of the group of its project that was not heard of for longest; where its project has none, the record is dead-lettered as stage-failed.',
  },
  groupsMax: {
    value: 200_000,
    unit: 'count',
    what: 'Groups of one Aggregate, of all tenants.',
    whenFull: 'As at the limit of one tenant: no project gives up groups for another.',
    metric: 'iot_pipeline_stage_groups',
  },
  groupKeyBytesMax: {
    value: 1_280,
    unit: 'bytes',
    what: 'Stage, tenant, project and label of one group of an Aggregate as a JSON list in UTF-8, U+F8F0 as 4 bytes: what is left for the label, the text of `groupBy`.',
    whenFull: 'The record is dead-lettered as stage-failed.',
  },
  documentKeyBytesMax: {
    value: 1_360,
    unit: 'bytes',
    what: 'Kind, tenant, project and name of one declared document, tenant and project percent-encoded.',
    whenFull: 'The document is refused with stages-refused.',
  },
  windowsOpenMax: {
    value: 128,
    unit: 'count',
    what: 'Windows of one group that can be open at a time: (size + lateness) / every, rounded up, and one more.',
    whenFull: 'The document is refused.',
  },
  groupMetricsMax: {
    value: 64,
    unit: 'count',
    what: 'Metrics of one window of an Aggregate; fewer where many windows are open or many functions computed, so that one record can close all windows of a group.',
    whenFull: 'A record with one more is dead-lettered as stage-failed.',
  },
  sketchBucketsMax: {
    value: 512,
    unit: 'count',
    what: 'Buckets of the sketch behind p50, p95 and p99 of one window.',
    whenFull: 'The buckets of the smallest magnitudes are joined.',
  },
} as const satisfies LimitTable;
