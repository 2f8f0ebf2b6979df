import { API_LIMITS } from '@skerry/api';
import { isSaidBy } from '@skerry/client';
import { SOURCE_ANNOTATION } from '@skerry/model';
import { parseDocument } from 'yaml';
import { yamlText } from '../output/rows.ts';
import type { WrittenDocument } from './pipeline-files.ts';

type Content = Readonly<Record<string, unknown>>;

/**
 * A document with the text that it was written as, comments and all, for whoever opens it again. One that brings such a text
 * of its own keeps it, and one that would become larger with it than what is taken goes without.
 */
export function withSource({ value, text }: Pick<WrittenDocument, 'value' | 'text'>): Content {
  const { metadata } = value;
  if (!isObject(metadata)) return value;
  const { annotations = {} } = metadata;
  if (!isObject(annotations) || SOURCE_ANNOTATION in annotations) return value;
  const all = { ...annotations, [SOURCE_ANNOTATION]: text };
  const written = { ...value, metadata: { ...metadata, annotations: all } };
  const bytes = Buffer.byteLength(JSON.stringify(written));
  return bytes > API_LIMITS.documentBodyBytesMax.value ? value : written;
}

/** A document as it was written, where that text is kept with it and says what the document does; else as YAML. */
export function writtenText(document: Content | null): string {
  if (document === null) return yamlText(document);
  const { metadata } = document;
  if (!isObject(metadata) || !isObject(metadata.annotations)) return yamlText(document);
  const { [SOURCE_ANNOTATION]: source, ...others } = metadata.annotations;
  const { annotations: _, ...bare } = metadata;
  const isBare = Object.keys(others).length === 0;
  const plain = { ...document, metadata: isBare ? bare : { ...bare, annotations: others } };
  return typeof source === 'string' && isSaidBy(contentOf(source), plain) ? source : yamlText(plain);
}

function contentOf(source: string): unknown {
  try {
    return parseDocument(source).toJS();
  } catch {
    return undefined; // says nothing that could be applied
  }
}

function isObject(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
