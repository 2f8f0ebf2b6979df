import { closeSync, openSync, readSync } from 'node:fs';
import type { PipelineTrial } from '@skerry/client';
import { type Document, parseAllDocuments } from 'yaml';
import { CliError } from '../errors.ts';
import { LIMITS } from '../limits.ts';

/** A sample as a trial takes it. */
export type Sample = PipelineTrial['samples'][number];

/** A document as it was written, with the name that its address needs. */
export interface WrittenDocument {
  readonly name: string;
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Its part of the file. */
  readonly text: string;
}

/** Every YAML (or JSON) document of a file; `-` is standard input. Fails with `usage` for what is none. */
export function readDocuments(path: string): WrittenDocument[] {
  const text = textOf(path);
  const parsed = parseAllDocuments(text);
  const found = 'empty' in parsed ? [] : parsed;
  if (found.length === 0)
    throw new CliError('usage', `${path} holds no document; a Pipeline or LookupTable was expected.`);
  return found.map((document, i) => {
    const [fault] = document.errors;
    if (fault) throw new CliError('usage', `${path}: document ${i + 1} is no YAML: ${fault.message}`);
    const value = contentOf(document, `${path}: document ${i + 1}`);
    if (typeof value !== 'object' || value === null)
      throw new CliError('usage', `${path}: document ${i + 1} is no object.`);
    const { kind, metadata } = value as {
      readonly kind?: unknown;
      readonly metadata?: { readonly name?: unknown };
    }; // looked at below
    const name = typeof metadata === 'object' && metadata !== null ? metadata.name : undefined;
    if (typeof name !== 'string' || name === '')
      throw new CliError('usage', `${path}: document ${i + 1} has no metadata.name.`);
    const part = partOf(text, found[i - 1], document);
    return { name, kind: typeof kind === 'string' ? kind : '', value: { ...value }, text: part };
  });
}

/** The text of a document between the one before it and its own end, without the marks of where it begins and ends. */
function partOf(text: string, before: Document | undefined, { range }: Document): string {
  const part = text.slice(before?.range?.[2] ?? 0, range?.[2] ?? text.length);
  return part.replace(/^---[ \t]*\r?\n/, '').replace(/^\.\.\.[ \t]*\r?\n?$/m, '');
}

/**
 * Samples of a file: its lines as JSON with `topic` and `payload` each (and `encoding`, `contentType`, `received` or
 * `deadLetter`), or, where a topic is given, the whole file as one payload.
 */
export function readSamples(
  path: string,
  topic: string | undefined,
  contentType: string | undefined,
): Sample[] {
  if (topic !== undefined) {
    const bytes = bytesOf(path);
    return [
      {
        topic,
        payload: bytes.toString('base64'),
        encoding: 'base64',
        ...(contentType === undefined ? {} : { contentType }),
      },
    ];
  }
  return textOf(path)
    .split('\n')
    .map((line, i) => [line.trim(), i] as const)
    .filter(([line]) => line !== '')
    .map(([line, i]) => sampleOf(line, `${path}:${i + 1}`));
}

function sampleOf(line: string, place: string): Sample {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new CliError(
      'usage',
      `${place} is no JSON; a line with topic and payload was expected. With --topic the whole file is one payload.`,
    );
  }
  if (typeof value !== 'object' || value === null || !('topic' in value || 'deadLetter' in value))
    throw new CliError(
      'usage',
      `${place} has neither topic nor deadLetter. With --topic the whole file is one payload.`,
    );
  const isText = 'payload' in value && typeof value.payload === 'string';
  const encoding = 'encoding' in value || !('payload' in value) ? {} : { encoding: isText ? 'text' : 'json' };
  return { ...encoding, ...value } as Sample; // the server checks every member
}

/** The document's value; aliases that would make it grow without bound are a fault. */
function contentOf(document: Document, place: string): unknown {
  try {
    return document.toJS();
  } catch (fault) {
    if (!(fault instanceof ReferenceError)) throw fault;
    throw new CliError(
      'usage',
      `${place} cannot be read: ${fault.message}; a document without it was expected.`,
      {},
      fault,
    );
  }
}

function textOf(path: string): string {
  return bytesOf(path).toString('utf8');
}

/** The bytes of a file, or of standard input, which may have no end: no more than the limit are read. */
function bytesOf(path: string): Buffer {
  const { value: most } = LIMITS.documentFileBytesMax;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    const file = path === '-' ? 0 : openSync(path, 'r');
    try {
      while (length <= most) {
        const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
        const read = readSync(file, chunk);
        if (read === 0) break;
        chunks.push(chunk.subarray(0, read));
        length += read;
      }
    } finally {
      if (path !== '-') closeSync(file);
    }
  } catch (fault) {
    // the end of a terminal's or a pipe's input, on some platforms
    if (!(fault instanceof Error && 'code' in fault && fault.code === 'EOF'))
      throw new CliError(
        'usage',
        `${path} cannot be read: ${fault instanceof Error ? fault.message : String(fault)}`,
      );
  }
  if (length <= most) return Buffer.concat(chunks);
  throw new CliError('usage', `${path} has more than ${most} bytes, which are the most that are read.`);
}

const CHUNK_BYTES = 65_536;
