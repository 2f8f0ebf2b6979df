import type { DecodeDocument, LayoutDocument } from '@skerry/model';
import { DecodeFault } from '../decode-fault.ts';
import type { DecodedRecord } from '../decoded-record.ts';
import { LIMITS } from '../limits.ts';
import type { PathNode } from '../metric-path.ts';
import { inflate } from '../node/inflate.ts';
import { PayloadDecoder } from '../payload-decoder.ts';
import type { RecordCursor } from '../record-cursor.ts';
import type { Route } from '../routes.ts';
import { SenmlDecoder } from '../stages/senml-decoder.ts';
import { compileLayout, type LayoutReader } from './binary-layout.ts';
import { cborAsJson } from './cbor.ts';
import { type Decompress, decompressed } from './decompress.ts';
import { readLineProtocol } from './line-protocol.ts';
import { messagePackAsJson } from './message-pack.ts';
import { formatOf, NO_LABEL, type PayloadFormat, type PayloadLabel } from './payload-format.ts';
import { PointMessages } from './point-messages.ts';
import type { SparkplugBook, SparkplugReading } from './sparkplug-book.ts';

/** A payload and what is known of it. */
export interface PayloadSource {
  readonly bytes: Uint8Array;
  /** Where the payload lies in `bytes`. */
  readonly start: number;
  readonly end: number;
  readonly route: Route;
  /** As the pipelines in force for the topic declare. */
  readonly decode: DecodeDocument | undefined;
  readonly label: PayloadLabel;
  /** The device that its publisher is bound to. */
  readonly boundDevice: string | undefined;
  readonly receivedMicros: number;
  /** Of the record in the journal; that of its dead letter for a replay. */
  readonly offset: number;
  /** A replay has no place among the numbers of its publisher. */
  readonly isReplay: boolean;
}

/**
 * Every decoder behind one door: chooses by `formatOf`, decompresses, and fills the decoded record. Whatever the bytes are,
 * the outcome is points or a fault, never an exception.
 */
export class PayloadReader {
  /** The decoder of JSON, for who has the root of the topic's metrics at hand, no headers and no declared way. */
  readonly json: PayloadDecoder;
  /** What the last payload that was read said as Sparkplug; undefined for every other. */
  sparkplug: SparkplugReading | undefined;
  readonly #record: DecodedRecord;
  readonly #book: SparkplugBook;
  readonly #decompress: Decompress;
  readonly #senml: SenmlDecoder;
  readonly #points: PointMessages;
  readonly #layouts = new WeakMap<LayoutDocument, Map<string, LayoutReader>>();

  constructor(into: DecodedRecord, book: SparkplugBook, decompress: Decompress = inflate) {
    this.#record = into;
    this.#book = book;
    this.#decompress = decompress;
    this.json = new PayloadDecoder(into);
    this.#senml = new SenmlDecoder(into);
    this.#points = new PointMessages(into);
  }

  /**
   * Reads the payload of a journal's record; `root` is that of its topic's metrics, `decode` what its pipelines declare.
   * `offset` and `receivedMicros` are those of the dead letter where a replay brings it again.
   */
  readRecord(
    record: RecordCursor,
    route: Route,
    root: PathNode,
    decode: DecodeDocument | undefined,
    offset: number,
    receivedMicros: number,
  ): DecodeFault | undefined {
    const { bytes, payloadStart: start, end, label, boundDevice } = record;
    if (label === NO_LABEL && !decode && !route.sparkplug) {
      this.sparkplug = undefined;
      this.json.requiredDevice = boundDevice ?? (route.isDeviceRequired ? route.device : undefined);
      return this.json.decodeIn(bytes, start, end, root);
    }
    const isReplay = offset !== record.offset;
    return this.read({
      bytes,
      start,
      end,
      route,
      decode,
      label,
      boundDevice,
      receivedMicros,
      offset,
      isReplay,
    });
  }

  /** Reads a payload into the record given to the constructor; returns why not, where it cannot. */
  read(source: PayloadSource): DecodeFault | undefined {
    this.sparkplug = undefined;
    const { route, boundDevice, label, decode } = source;
    this.json.requiredDevice = boundDevice ?? (route.isDeviceRequired ? route.device : undefined);
    const format = formatOf(route.sparkplug !== undefined, decode, label);
    try {
      this.#read(format, source);
      return undefined;
    } catch (fault) {
      if (fault instanceof DecodeFault) return fault;
      throw fault;
    }
  }

  #read({ type, encoding }: PayloadFormat, source: PayloadSource): void {
    const { bytes, start, end, route, boundDevice, receivedMicros } = source;
    if (typeof encoding === 'object')
      throw new DecodeFault(
        'undecodable',
        `The payload is compressed as ${JSON.stringify(encoding.unknown.slice(0, 64))}; gzip, zstd or identity was expected.`,
      );
    const sent = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    const payload = encoding === 'identity' ? sent : decompressed(this.#decompress, encoding, sent);
    if (payload instanceof DecodeFault) throw payload;
    const prefix = route.metricPrefix ?? '';
    const device = boundDevice ?? route.device;
    switch (type) {
      case 'application/json':
        throwIf(this.json.decode(payload, 0, payload.length, prefix));
        break;
      case 'application/senml+json':
        throwIf(this.#senml.decode(payload, 0, payload.length, { prefix, device, receivedMicros }));
        break;
      case 'application/cbor':
        this.#asJson(cborAsJson(payload), prefix);
        break;
      case 'application/msgpack':
        this.#asJson(messagePackAsJson(payload), prefix);
        break;
      case 'application/vnd.influxdb.line-protocol':
        this.#points.fill(readLineProtocol(payload, device, prefix));
        break;
      case 'application/octet-stream':
        this.#layout(payload, source.decode?.layout, prefix);
        break;
      case 'sparkplug':
        this.#sparkplug(payload, source);
    }
  }

  #asJson(text: string, prefix: string): void {
    const json = Buffer.from(text);
    const fault = this.json.decode(json, 0, json.length, prefix);
    if (fault) throw new DecodeFault(fault.reason, `Written as JSON: ${fault.detail}`);
  }

  #layout(payload: Buffer, layout: LayoutDocument | undefined, prefix: string): void {
    if (!layout)
      throw new DecodeFault('undecodable', 'No pipeline declares how the bytes of the payload lie.');
    let readers = this.#layouts.get(layout);
    if (!readers || readers.size >= LIMITS.layoutPrefixesMax.value) {
      readers = new Map();
      this.#layouts.set(layout, readers);
    }
    let read = readers.get(prefix);
    if (!read) {
      read = compileLayout(layout, prefix);
      readers.set(prefix, read);
    }
    const { message, seq, units } = read(payload);
    this.#points.fill([message]);
    this.#record.units = units;
    this.#record.seq = seq;
  }

  #sparkplug(payload: Buffer, { route, boundDevice, offset, isReplay }: PayloadSource): void {
    const { tenant, project, sparkplug: topic } = route;
    if (!topic) return;
    if (boundDevice !== undefined && boundDevice !== topic.deviceId)
      throw new DecodeFault(
        'undecodable',
        `The publisher is bound to the device ${boundDevice}, and the topic is of ${topic.deviceId}.`,
      );
    const reading = this.#book.read(payload, { tenant, project, topic, offset });
    this.sparkplug = reading;
    if (reading.fault) throw reading.fault;
    this.#points.fill(reading.messages);
    if (reading.units) this.#record.units = reading.units;
    if (!reading.id || isReplay) return;
    this.#record.messageId = String(reading.id.number);
    this.#record.epoch = reading.id.epoch;
  }
}

function throwIf(fault: DecodeFault | undefined): void {
  if (fault) throw fault;
}
