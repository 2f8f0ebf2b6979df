import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

const BOOLEAN = 11; // Sparkplug 3.0, 6.4.16
const NAME = 'Node Control/Rebirth';

/*
 * Payload = timestamp(1, ms) metric(2)
 * Metric  = name(1) timestamp(3, ms) datatype(4) boolean_value(14)
 */

/** The payload of an NCMD that asks an edge node for its births (Sparkplug 3.0, 6.4.19: `tck-id-operational-behavior-data-commands-rebirth-name`). */
export function rebirthCommand(nowMicros: number): Uint8Array {
  const millis = Math.floor(nowMicros / 1_000);
  const metric = new BinaryWriter().tag(1, WireType.LengthDelimited).string(NAME);
  metric.tag(3, WireType.Varint).uint64(millis);
  metric.tag(4, WireType.Varint).uint32(BOOLEAN);
  metric.tag(14, WireType.Varint).bool(true);
  const payload = new BinaryWriter().tag(1, WireType.Varint).uint64(millis);
  return payload.tag(2, WireType.LengthDelimited).bytes(metric.finish()).finish();
}
