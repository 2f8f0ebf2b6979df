import type { EncodedBatch } from '../batch.ts';
import { HEADER } from '../batch.ts';
import { type RecordReader, readBatch } from '../record-reader.ts';
import { HeaderList, headerName } from './header-list.ts';
import { KAFKA_HEADER } from './header-names.ts';
import { RecordHeadersOut } from './record-headers-out.ts';
import { type RecordSet, RecordSetWriter } from './record-set-writer.ts';

const ORIGIN = headerName(KAFKA_HEADER.origin);

/** Turns a journal's batch into one of Kafka. Records keep the headers they have, an origin among them. */
export class BatchEncoder {
  readonly #headers = new HeaderList();
  readonly #out = new RecordHeadersOut();
  readonly #writer = new RecordSetWriter();

  /** One batch of Kafka with the records of all `batches`, in their order; the caller owns its bytes. */
  encode(batches: readonly EncodedBatch[]): RecordSet {
    for (const batch of batches) this.#add(batch);
    const set = this.#writer.close();
    if (!set) throw new RangeError('A batch has at least one record.');
    return set;
  }

  #add(batch: EncodedBatch): void {
    const reader = readBatch({ body: batch.bytes, firstOffset: 0, count: batch.count });
    const names = reader.projects.map(({ tenant, project }) => ({
      tenant: Buffer.from(tenant),
      project: Buffer.from(project),
    }));
    const without = { tenant: undefined, project: undefined };
    while (reader.next()) {
      this.#out.fill(this.#headers, reader, names[reader.projectIndex] ?? without);
      addOrigin(this.#headers, reader);
      const { body, payloadStart, end, topicStart, clientStart } = reader;
      const key = { bytes: body, start: topicStart, end: clientStart };
      const value = { bytes: body, start: payloadStart, end };
      this.#writer.add(Math.floor(reader.receivedMicros / 1000), key, value, this.#headers);
    }
  }
}

function addOrigin(headers: HeaderList, { body, headersStart, payloadStart }: RecordReader): void {
  for (let at = headersStart; at < payloadStart; ) {
    const end = at + 3 + Number(body[at + 1]) + Number(body[at + 2]) * 256;
    if (body[at] === HEADER.origin) headers.add(ORIGIN, body, at + 3, end);
    at = end;
  }
}
