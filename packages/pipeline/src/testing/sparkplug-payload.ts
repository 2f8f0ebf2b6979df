import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** A metric as a test states it: doubles by alias or name. */
export interface SampleMetric {
  readonly name?: string;
  readonly alias?: number;
  readonly type?: number;
  readonly value?: number;
  /** Properties that are texts. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** The protobuf of a Sparkplug payload of doubles. `bdSeq` goes before the metrics. */
export function sparkplugBytes(sample: {
  readonly seq?: number;
  readonly millis: number;
  readonly bdSeq?: number;
  readonly metrics?: readonly SampleMetric[];
}): Uint8Array {
  const { seq, millis, bdSeq, metrics = [] } = sample;
  const payload = new BinaryWriter().tag(1, WireType.Varint).uint64(millis);
  if (bdSeq !== undefined) {
    const metric = new BinaryWriter().tag(1, WireType.LengthDelimited).string('bdSeq');
    metric.tag(4, WireType.Varint).uint32(8).tag(11, WireType.Varint).uint64(bdSeq);
    payload.tag(2, WireType.LengthDelimited).bytes(metric.finish());
  }
  for (const { name, alias, type, value, properties } of metrics) {
    const metric = new BinaryWriter();
    if (name !== undefined) metric.tag(1, WireType.LengthDelimited).string(name);
    if (alias !== undefined) metric.tag(2, WireType.Varint).uint64(alias);
    if (type !== undefined) metric.tag(4, WireType.Varint).uint32(type);
    if (properties) metric.tag(9, WireType.LengthDelimited).bytes(propertySet(properties));
    if (value !== undefined) metric.tag(13, WireType.Bit64).double(value);
    payload.tag(2, WireType.LengthDelimited).bytes(metric.finish());
  }
  if (seq !== undefined) payload.tag(3, WireType.Varint).uint64(seq);
  return payload.finish();
}

function propertySet(properties: Readonly<Record<string, string>>): Uint8Array {
  const set = new BinaryWriter();
  for (const key of Object.keys(properties)) set.tag(1, WireType.LengthDelimited).string(key);
  for (const text of Object.values(properties)) {
    const value = new BinaryWriter().tag(1, WireType.Varint).uint32(12);
    value.tag(8, WireType.LengthDelimited).string(text);
    set.tag(2, WireType.LengthDelimited).bytes(value.finish());
  }
  return set.finish();
}
