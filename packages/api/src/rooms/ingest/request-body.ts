import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import type { Gauge } from '@skerry/kernel';
import { ApiError } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';

const CODINGS = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
} as const;

type Coding = keyof typeof CODINGS;

/** Bytes of bodies that are held at one time, all requests together. */
export class IntakeRoom {
  #held = 0;
  readonly #gauge: Gauge;
  readonly #bytesMax: number;

  constructor(gauge: Gauge, bytesMax: number = LIMITS.intakeBytesMax.value) {
    this.#gauge = gauge;
    this.#bytesMax = bytesMax;
  }

  /** A place for one body; disposing gives all of it back. */
  enter(): IntakePlace {
    let mine = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.#bytesMax) {
          const detail = `bodies of ${this.#held} bytes are being taken in, at most ${this.#bytesMax} may; try again soon`;
          throw new ApiError('intake-refused', detail, { reason: 'backlog' });
        }
        mine += bytes;
        this.#held += bytes;
        this.#gauge.set(this.#held);
      },
      [Symbol.dispose]: () => {
        this.#held -= mine;
        mine = 0;
        this.#gauge.set(this.#held);
      },
    };
  }
}

/** Room for one body. */
export interface IntakePlace extends Disposable {
  /** Counts further bytes; fails with `intake-refused` when there is no room for them. */
  take(bytes: number): void;
}

/**
 * The bytes of a request's body, decompressed. Fails with `body-too-large` beyond the limits, `unsupported-media-type`
 * for another compression, `invalid-request` for a broken one, `request-aborted` when the client goes away.
 */
export async function readBody(request: IncomingMessage, place: IntakePlace): Promise<Uint8Array> {
  const coding = codingOf(request.headers);
  const bytes = await readAll(request, place);
  return coding === undefined ? bytes : await inflate(bytes, coding, place);
}

function codingOf(headers: IncomingHttpHeaders): Coding | undefined {
  const coding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === '') return undefined;
  if (coding === 'gzip' || coding === 'zstd') return coding;
  throw new ApiError(
    'unsupported-media-type',
    `the content-encoding ${JSON.stringify(coding.slice(0, 100))} is none of identity, gzip, zstd`,
  );
}

async function readAll(request: IncomingMessage, place: IntakePlace): Promise<Buffer> {
  const told = Number(request.headers['content-length'] ?? 0);
  if (told > LIMITS.intakeBodyBytesMax.value) throw tooLarge(`the body has ${told} bytes`);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request) {
      const chunk = piece as Buffer; // a request without an encoding gives buffers
      length += chunk.length;
      if (length > LIMITS.intakeBodyBytesMax.value) throw tooLarge('the body goes on');
      place.take(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('request-aborted', 'the client went away before its body had come', {}, cause);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(what: string): ApiError {
  return new ApiError(
    'body-too-large',
    `${what}, at most ${LIMITS.intakeBodyBytesMax.value} bytes are taken before decompression`,
  );
}

async function inflate(bytes: Buffer, coding: Coding, place: IntakePlace): Promise<Buffer> {
  const maxOutputLength = LIMITS.intakeInflatedBytesMax.value;
  place.take(maxOutputLength);
  try {
    return await CODINGS[coding](bytes, { maxOutputLength });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      const detail = `the body has more than ${maxOutputLength} bytes after decompression`;
      throw new ApiError('body-too-large', detail, {}, cause);
    }
    const detail = `is not what its content-encoding ${coding} says`;
    const errors = [{ in: 'body', pointer: '#', detail }];
    throw new ApiError('invalid-request', `#: ${detail}`, { errors }, cause);
  }
}
