import { RECORD_KIND } from '@skerry/journal';
import { API_VERSION } from '@skerry/model';
import type { StageChange } from '../stages/stage-change.ts';
import { SAMPLE_MICROS, type SampleRecord } from './record-builder.ts';

/** A pipeline as JSON. */
export function aPipeline(name: string, stages: readonly object[], spec: object = {}) {
  return { apiVersion: API_VERSION, kind: 'Pipeline', metadata: { name }, spec: { ...spec, stages } };
}

/** A lookup table as JSON. */
export function aTable(name: string, csv: string, match: object = {}) {
  return { apiVersion: API_VERSION, kind: 'LookupTable', metadata: { name }, spec: { match, csv } };
}

let changes = 0;

/** The record of a change. */
export function changeRecord(change: Omit<StageChange, 'id'> & { readonly id?: string }): SampleRecord {
  return {
    kind: RECORD_KIND.pipeline,
    author: 'ann',
    topic: '',
    receivedMicros: SAMPLE_MICROS,
    payload: JSON.stringify({ id: `change-${changes++}`, ...change }),
  };
}

/** The record that applies a document. */
export function applyRecord(
  document: ReturnType<typeof aPipeline> | ReturnType<typeof aTable>,
  id?: string,
): SampleRecord {
  const kind = document.kind === 'Pipeline' ? 'Pipeline' : 'LookupTable';
  const { name } = document.metadata;
  return changeRecord({ action: 'apply', kind, name, document, ...(id === undefined ? {} : { id }) });
}
