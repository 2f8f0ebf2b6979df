import type { DecodeDocument, PayloadEncoding, PayloadType } from '@skerry/model';
import { SENML_TYPE } from '../stages/senml-decoder.ts';

/** How one payload is read. */
export interface PayloadFormat {
  readonly type: Exclude<PayloadType, 'auto'> | 'sparkplug';
  /** A text where the record names a compression that is not known. */
  readonly encoding: Exclude<PayloadEncoding, 'auto'> | { readonly unknown: string };
}

/** What a record says of its own payload. */
export interface PayloadLabel {
  /** MQTT's content type, or HTTP's; empty without one. */
  readonly contentType: string;
  /** The user property `content-encoding`; empty without one. */
  readonly contentEncoding: string;
}

/** The label of a record without headers. */
export const NO_LABEL: PayloadLabel = { contentType: '', contentEncoding: '' };

/** Name of the MQTT 5 user property that tells how a payload is compressed. */
export const ENCODING_PROPERTY = 'content-encoding';

const JSON_TYPE = 'application/json';

const TYPES: ReadonlyMap<string, Exclude<PayloadType, 'auto'>> = new Map([
  [JSON_TYPE, JSON_TYPE],
  [SENML_TYPE, SENML_TYPE],
  ['application/cbor', 'application/cbor'],
  ['application/msgpack', 'application/msgpack'],
  ['application/x-msgpack', 'application/msgpack'],
  ['application/vnd.msgpack', 'application/msgpack'],
  ['application/vnd.influxdb.line-protocol', 'application/vnd.influxdb.line-protocol'],
]);

/**
 * The one way a decoder is chosen: a topic of a Sparkplug template is Sparkplug; else the content type that a pipeline
 * declares; else that of the record, parameters and case aside; else JSON. The compression: as a pipeline declares; else
 * the user property `content-encoding`; else `+gzip` or `+zstd` at the end of the content type; else none.
 */
export function formatOf(
  isSparkplug: boolean,
  decode: DecodeDocument | undefined,
  { contentType, contentEncoding }: PayloadLabel,
): PayloadFormat {
  const media = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const suffix = /[+/](gzip|zstd)$/.exec(media)?.[1] ?? '';
  const plain = suffix === '' ? media : media.slice(0, -suffix.length - 1);
  const declared = decode?.contentType ?? 'auto';
  const declaredEncoding = decode?.contentEncoding ?? 'auto';
  const encoding =
    declaredEncoding === 'auto' ? contentEncoding.trim().toLowerCase() || suffix : declaredEncoding;
  return {
    type: isSparkplug ? 'sparkplug' : declared === 'auto' ? (TYPES.get(plain) ?? JSON_TYPE) : declared,
    encoding: encodingOf(encoding),
  };
}

function encodingOf(word: string): PayloadFormat['encoding'] {
  if (word === '' || word === 'identity') return 'identity';
  if (word === 'gzip' || word === 'x-gzip') return 'gzip';
  return word === 'zstd' ? word : { unknown: word };
}
