import { turn } from '@skerry/kernel/node';
import { ApiError, invalidRequest } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { NDJSON } from '../parts.ts';
import { BINARY_TYPES, SENML } from './operations.ts';

/** Records of one body, and the media type that each of them has. */
export interface BodyRecords {
  readonly payloads: readonly Uint8Array[];
  readonly contentType: string;
}

const JSON_TYPE = 'application/json';
/** Bytes that are looked at before others have their turn. */
const TURN_BYTES = 262_144;
const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The media type of a body. Fails with `unsupported-media-type` for one that telemetry does not come in. */
export function mediaTypeOf(header: string | undefined): string {
  const [type = '', ...parameters] = (header ?? '').toLowerCase().split(';');
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  const media = type.trim();
  if (BINARY_TYPES.some((one) => one === media)) return media;
  if (isUtf8 && (media === JSON_TYPE || media === NDJSON || media === SENML)) return media;
  const found = header === undefined ? 'no content-type' : JSON.stringify(header.slice(0, 200));
  throw new ApiError(
    'unsupported-media-type',
    `found ${found}, wanted ${JSON_TYPE}, ${NDJSON} or ${SENML}, in UTF-8, or ${BINARY_TYPES.join(', ')}`,
  );
}

/**
 * The records of a body of `mediaType`: one, or one a line that is not blank, each a view of the body. Those of JSON are
 * JSON; of other types any bytes but none at all. Fails with `invalid-request` naming the lines that are not, `body-too-large` for a record or a number of them beyond
 * the limits. Long bodies are looked at in turns.
 */
export async function readRecords(body: Uint8Array, mediaType: string): Promise<BodyRecords> {
  if (mediaType !== NDJSON) {
    const isJson = mediaType === JSON_TYPE || mediaType === SENML;
    const fault = isJson ? faultOf(body) : body.length === 0 ? 'holds nothing' : undefined;
    if (fault !== undefined) throw invalidRequest({ in: 'body', pointer: '#', detail: fault });
    checkSize(body, undefined);
    return { payloads: [body], contentType: mediaType };
  }
  return { payloads: await readLines(body), contentType: JSON_TYPE };
}

async function readLines(body: Uint8Array): Promise<Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  const faults: { readonly line: number; readonly detail: string }[] = [];
  let line = 0;
  let sinceTurn = 0;
  for (let from = 0; from < body.length; ) {
    const newline = body.indexOf(NEWLINE, from);
    const next = newline < 0 ? body.length : newline + 1;
    const text = trimmed(body.subarray(from, newline < 0 ? body.length : newline));
    line++;
    sinceTurn += next - from;
    from = next;
    if (text.length === 0) continue;
    checkSize(text, line);
    const detail = faultOf(text);
    if (detail !== undefined && faults.length < LIMITS.bodyFaultsMax.value) faults.push({ line, detail });
    payloads.push(text);
    if (payloads.length > LIMITS.intakeRecordsMax.value) {
      throw new ApiError(
        'body-too-large',
        `more than ${LIMITS.intakeRecordsMax.value} lines, send them in parts`,
      );
    }
    if (sinceTurn < TURN_BYTES) continue;
    sinceTurn = 0;
    await turn();
  }
  if (faults.length > 0) throw lineFaults(faults);
  if (payloads.length === 0) throw invalidRequest({ in: 'body', pointer: '#', detail: 'holds no line' });
  return payloads;
}

function lineFaults(faults: readonly { readonly line: number; readonly detail: string }[]): ApiError {
  const errors = faults.map(({ line, detail }) => ({
    in: 'body',
    pointer: `#/${line - 1}`,
    detail: `line ${line} ${detail}`,
  }));
  return new ApiError(
    'invalid-request',
    `${errors.map(({ detail }) => detail).join('; ')}; nothing was taken`,
    { errors },
  );
}

function checkSize(payload: Uint8Array, line: number | undefined): void {
  if (payload.length <= LIMITS.intakeRecordBytesMax.value) return;
  const where = line === undefined ? 'the record' : `line ${line}`;
  throw new ApiError(
    'body-too-large',
    `${where} has ${payload.length} bytes, a record has at most ${LIMITS.intakeRecordBytesMax.value}`,
  );
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Why the bytes are not one JSON value; undefined when they are. */
function faultOf(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return 'is not UTF-8';
  }
  try {
    JSON.parse(text);
    return undefined;
  } catch (cause) {
    return `is not JSON (${cause instanceof Error ? cause.message.slice(0, 120) : 'unreadable'})`;
  }
}

/** A line without the blanks around it. */
function trimmed(line: Uint8Array): Uint8Array {
  let start = 0;
  let end = line.length;
  while (end > start && isBlank(line[end - 1])) end--;
  while (start < end && isBlank(line[start])) start++;
  return line.subarray(start, end);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === CARRIAGE_RETURN;
}
