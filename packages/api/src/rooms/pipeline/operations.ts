import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import { object, oneOfWords, text } from '../../schema-kit.ts';
import { KINDS } from './schemas.ts';

const params = object('', { name: text('Name of the document.', { minLength: 1, maxLength: 63 }) });
const query = object(
  '',
  {
    kind: { ...oneOfWords('Kind of the document.', KINDS), default: 'Pipeline' },
    tenant: text(
      'Tenant that the document is about; empty: all. Wanted only where several documents have the name.',
    ),
    project: text('Project that it is about, beside its tenant; empty or absent: all of the tenant.'),
  },
  ['kind', 'tenant', 'project'],
);
const ifMatch = text('Lets the change through only while the entity tag of the document is one of these.');
const headers = object('', { 'if-match': ifMatch }, ['if-match']);

/** What can be asked of this room. */
export const PIPELINE_OPERATIONS = {
  listPipelines: {
    method: 'GET',
    path: '/api/v1/pipelines',
    tag: 'Pipelines',
    summary: 'Declared pipelines and lookup tables with the figures of their stages',
    answer: 'PipelinePage',
    faults: ['invalid-request'],
    may: 'pipeline:read',
  },
  getPipeline: {
    method: 'GET',
    path: '/api/v1/pipelines/{name}',
    tag: 'Pipelines',
    summary: 'One declared document as it is in force',
    params,
    query,
    answer: 'PipelineDetail',
    faults: ['invalid-request', 'not-found'],
    may: 'pipeline:read',
  },
  putPipeline: {
    method: 'PUT',
    path: '/api/v1/pipelines/{name}',
    tag: 'Pipelines',
    summary: 'Puts a document in force for all records behind the change',
    description:
      'The change is a record of the journal: the answer comes when it is durable and was judged. Nothing is lost or processed twice by it. A name belongs to the tenant and project of `spec.match`: the same one elsewhere is another document. One that was changed by somebody else meanwhile is answered with 409. `if-none-match: *` only makes a new one.',
    params,
    headers: object(
      '',
      { 'if-match': ifMatch, 'if-none-match': text('`*` lets the change through only while there is none.') },
      ['if-match', 'if-none-match'],
    ),
    body: 'StagesDocument',
    bodyBytesMax: LIMITS.documentBodyBytesMax.value,
    answer: 'PipelineDetail',
    faults: [
      'invalid-request',
      'not-allowed',
      'precondition-failed',
      'conflict',
      'body-too-large',
      'unavailable',
    ],
    may: 'pipeline:change',
  },
  deletePipeline: {
    method: 'DELETE',
    path: '/api/v1/pipelines/{name}',
    tag: 'Pipelines',
    summary: 'Takes a document out of force; its history stays',
    params,
    query,
    headers,
    answer: 'PipelineDetail',
    faults: ['invalid-request', 'not-found', 'not-allowed', 'precondition-failed', 'conflict', 'unavailable'],
    may: 'pipeline:change',
  },
  undoPipeline: {
    method: 'POST',
    path: '/api/v1/pipelines/{name}/undo',
    tag: 'Pipelines',
    summary: 'Puts the version before the one in force in force again',
    params,
    query,
    headers,
    answer: 'PipelineDetail',
    faults: ['invalid-request', 'not-found', 'not-allowed', 'precondition-failed', 'conflict', 'unavailable'],
    may: 'pipeline:change',
  },
  getPipelineHistory: {
    method: 'GET',
    path: '/api/v1/pipelines/{name}/history',
    tag: 'Pipelines',
    summary: 'Versions of a document with author and time, the newest first',
    params,
    query,
    answer: 'PipelineHistory',
    faults: ['invalid-request', 'not-found'],
    may: 'pipeline:read',
  },
  testPipelines: {
    method: 'POST',
    path: '/api/v1/pipelines/test',
    tag: 'Pipelines',
    summary: 'Shows what each stage makes of samples or dead letters; nothing is stored',
    body: 'PipelineTrial',
    bodyBytesMax: LIMITS.documentBodyBytesMax.value,
    answer: 'PipelineTrialOutcome',
    faults: ['invalid-request', 'not-allowed', 'not-found', 'body-too-large'],
    may: 'pipeline:read',
  },
  shadowPipelines: {
    method: 'POST',
    path: '/api/v1/pipelines/shadow',
    tag: 'Pipelines',
    summary: 'Compares a document with what is in force over recorded records; nothing is stored',
    description:
      'Runs beside the pipeline in slices, at most 1,000,000 records; closing the request ends it.',
    body: 'PipelineShadow',
    bodyBytesMax: LIMITS.documentBodyBytesMax.value,
    answer: 'PipelineShadowReport',
    faults: ['invalid-request', 'not-allowed', 'body-too-large', 'request-aborted'],
    may: 'pipeline:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
