import { readFileSync } from 'node:fs';
import type { PipelineTrial } from '@skerry/client';
import { parseAllDocuments } from 'yaml';
import { CliError } from '../errors.ts';

/** A sample as a trial takes it. */
export type Sample = PipelineTrial['samples'][number];

/** A document as it was written, with the name that its address needs. */
export interface WrittenDocument {
  readonly name: string;
  readonly kind: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** Every YAML (or JSON) document of a file; `-` is standard input. Fails with `usage` for what is none. */
export function readDocuments(path: string): WrittenDocument[] {
  const parsed = parseAllDocuments(textOf(path));
  const found = 'empty' in parsed ? [] : parsed;
  if (found.length === 0)
    throw new CliError('usage', `${path} holds no document; a Pipeline or LookupTable was expected.`);
  return found.map((document, i) => {
    const [fault] = document.errors;
    if (fault) throw new CliError('usage', `${path}: document ${i + 1} is no YAML: ${fault.message}`);
    const value: unknown = document.toJS();
    if (typeof value !== 'object' || value === null)
      throw new CliError('usage', `${path}: document ${i + 1} is no object.`);
    const { kind, metadata } = value as {
      readonly kind?: unknown;
      readonly metadata?: { readonly name?: unknown };
    }; // looked at below
    const name = typeof metadata === 'object' && metadata !== null ? metadata.name : undefined;
    if (typeof name !== 'string' || name === '')
      throw new CliError('usage', `${path}: document ${i + 1} has no metadata.name.`);
    return { name, kind: typeof kind === 'string' ? kind : '', value: { ...value } };
  });
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
    const bytes = readFileSync(path === '-' ? 0 : path);
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

function textOf(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (fault) {
    throw new CliError(
      'usage',
      `${path} cannot be read: ${fault instanceof Error ? fault.message : String(fault)}`,
    );
  }
}
