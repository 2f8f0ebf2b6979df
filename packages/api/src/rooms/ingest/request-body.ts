import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import type { Gauge } from '@skerry/kernel';
import { ApiError } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import { InflationGate } from './inflation-gate.ts';

const CODINGS = {
  gzip: promisify(gunzip),
  zstd: promisify(zstdDecompress),
} as const;

type Coding = keyof typeof CODINGS;

/** Bytes that bodies may hold at one time. */
export interface IntakeBounds {
  /** All requests together. */
  readonly bytesMax: number;
  /** Those of one sender. */
  readonly senderBytesMax: number;
}

const BOUNDS: IntakeBounds = {
  bytesMax: LIMITS.intakeBytesMax.value,
  senderBytesMax: LIMITS.intakeSenderBytesMax.value,
};

/** Bytes of bodies that are held at one time: all requests together, and each sender's share of them. */
export class IntakeRoom {
  readonly inflations = new InflationGate();
  #held = 0;
  readonly #heldBy = new Map<string, number>();
  readonly #gauge: Gauge;
  readonly #bounds: IntakeBounds;

  constructor(gauge: Gauge, bounds: IntakeBounds = BOUNDS) {
    this.#gauge = gauge;
    this.#bounds = bounds;
  }

  /** A place for one body of a sender; disposing gives all of it back. */
  enter(sender: string): IntakePlace {
    let mine = 0;
    const count = (bytes: number): void => {
      mine += bytes;
      this.#held += bytes;
      const own = (this.#heldBy.get(sender) ?? 0) + bytes;
      if (own === 0) this.#heldBy.delete(sender);
      else this.#heldBy.set(sender, own);
      this.#gauge.set(this.#held);
    };
    return {
      sender,
      take: (bytes) => {
        this.#checkRoom(sender, bytes);
        count(bytes);
      },
      replace: (bytes) => {
        this.#checkRoom(sender, bytes - mine);
        count(bytes - mine);
      },
      [Symbol.dispose]: () => count(-mine),
    };
  }

  #checkRoom(sender: string, bytes: number): void {
    const { bytesMax, senderBytesMax } = this.#bounds;
    if (this.#held + bytes > bytesMax) {
      throw refusal(
        `bodies of ${this.#held} bytes are being taken in, at most ${bytesMax} may; try again soon`,
      );
    }
    const own = this.#heldBy.get(sender) ?? 0;
    if (own + bytes > senderBytesMax) {
      throw refusal(
        `bodies of ${own} bytes of this sender are being taken in, at most ${senderBytesMax} may; try again soon`,
      );
    }
  }
}

function refusal(detail: string): ApiError {
  return new ApiError('intake-refused', detail, { reason: 'backlog' });
}

/** Room for one body. */
export interface IntakePlace extends Disposable {
  readonly sender: string;
  /** Counts further bytes; fails with `intake-refused` when there is no room for them. */
  take(bytes: number): void;
  /** Counts these bytes instead of those so far; fails like `take`. */
  replace(bytes: number): void;
}

/**
 * The bytes of a request's body, decompressed. Fails with `body-too-large` beyond the limits, `unsupported-media-type`
 * for another compression, `invalid-request` for a broken one, `request-aborted` when the client goes away.
 */
export async function readBody(
  request: IncomingMessage,
  place: IntakePlace,
  inflations: InflationGate,
  call: { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const coding = codingOf(request.headers);
  const bytes = await readAll(request, place);
  if (coding === undefined) return bytes;
  const inflated = await inflations.run(place.sender, call.signal, () => inflate(bytes, coding));
  place.replace(inflated.length);
  return inflated;
}

function codingOf(headers: IncomingHttpHeaders): Coding | undefined {
  const coding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity') return undefined;
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

async function inflate(bytes: Buffer, coding: Coding): Promise<Buffer> {
  const maxOutputLength = LIMITS.intakeInflatedBytesMax.value;
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
