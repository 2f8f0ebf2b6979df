import { LineCounter, parseDocument, stringify } from 'yaml';
import { ApiProblem, isSaidBy, type StagesDocument } from '../../generated/client.ts';

/** What is wrong with a document, with its place where one is known. */
export interface TextFault {
  /** As people write it: `spec.stages[0].keep`; empty for the whole. */
  readonly path: string;
  readonly detail: string;
  /** Part of the text that is meant. */
  readonly range: { readonly from: number; readonly to: number; readonly line: number } | undefined;
}

/** A document as it was written. */
export interface WrittenDocument {
  readonly document: StagesDocument | undefined;
  readonly faults: readonly TextFault[];
}

/** Reads YAML as far as YAML goes; what the members mean is judged by the server. */
export function readDocument(text: string): WrittenDocument {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines });
  const faults = parsed.errors.map(({ message, pos: [from, to] }) => ({
    path: '',
    detail: message.split('\n')[0] ?? message,
    range: { from, to, line: lines.linePos(from).line },
  }));
  if (faults.length > 0) return { document: undefined, faults };
  const range = { from: 0, to: text.length, line: 1 };
  let value: unknown;
  try {
    value = parsed.toJS();
  } catch (fault) {
    // aliases that would make it grow without bound
    if (!(fault instanceof ReferenceError)) throw fault;
    return { document: undefined, faults: [{ path: '', detail: fault.message, range }] };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { document: { ...value }, faults };
  return { document: undefined, faults: [{ path: '', detail: 'apiVersion, kind, metadata, spec?', range }] };
}

/** The name that a document says; undefined when it says none. */
export function nameOf(document: StagesDocument): string | undefined {
  const { metadata } = document;
  const name = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : '';
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/**
 * What the server has found wrong with the document, which stands at `at` in the body, each with its place in the text;
 * none for any other fault.
 */
export function faultsIn(error: Error, text: string, at: '' | '/document'): TextFault[] {
  if (!(error instanceof ApiProblem) || !error.problem.errors) return [];
  const begin = `#${at}`;
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines });
  const ours = error.problem.errors.filter(
    ({ pointer }) => pointer === begin || pointer.startsWith(`${begin}/`),
  );
  return ours.map(({ pointer, detail }) => {
    const keys = keysOf(pointer.slice(begin.length));
    // a member that is missing has no place; what it should be in has
    for (let depth = keys.length; depth > 0; depth--) {
      const node: unknown = parsed.getIn(keys.slice(0, depth), true);
      const range = rangeOf(node);
      if (range)
        return { path: pathOf(keys), detail, range: { ...range, line: lines.linePos(range.from).line } };
    }
    return { path: pathOf(keys), detail, range: undefined };
  });
}

function rangeOf(node: unknown): { readonly from: number; readonly to: number } | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const [from, to] = node.range;
  return typeof from === 'number' && typeof to === 'number' ? { from, to } : undefined;
}

function keysOf(pointer: string): (string | number)[] {
  return pointer
    .split('/')
    .filter((key) => key !== '')
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
}

function pathOf(keys: readonly (string | number)[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
}

const SOURCE = 'skerry.dev/source';

/** The document with the text that it was written as, so that comments are there again wherever it is opened. */
export function withSource(document: StagesDocument, text: string): StagesDocument {
  const { metadata } = document;
  if (!isObject(metadata)) return document;
  const others = isObject(metadata.annotations) ? metadata.annotations : {};
  return { ...document, metadata: { ...metadata, annotations: { ...others, [SOURCE]: text } } };
}

/**
 * A document as it was written, where that text is kept with it and says what the document does; else as YAML, without
 * members that are empty or say what holds anyway.
 */
export function writeDocument(document: StagesDocument): string {
  const { metadata } = document;
  const annotations = isObject(metadata) && isObject(metadata.annotations) ? metadata.annotations : {};
  const { [SOURCE]: source, ...others } = annotations;
  const plain = isObject(metadata)
    ? { ...document, metadata: { ...metadata, annotations: others } }
    : document;
  if (typeof source === 'string' && isSaidBy(readDocument(source).document, plain)) return source;
  return written(plain);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function written(document: StagesDocument): string {
  const { apiVersion, kind, metadata, ...rest } = document;
  return stringify(pruned({ apiVersion, kind, metadata, ...rest }), { lineWidth: 100 });
}

function pruned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => key !== 'decode' || JSON.stringify(member) !== '{"contentType":"auto"}')
      .map(([key, member]) => [key, pruned(member)] as const)
      .filter(([, member]) => !isEmpty(member)),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
