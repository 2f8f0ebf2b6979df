import { pipeline, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isUnchanged, weakTag } from './etag.ts';
import { LIMITS } from './limits.ts';

const gzipAsync = promisify(gzip);
/** Texts of the API compress well at the quickest level, and it costs a third of the usual one. */
const LEVEL = 1;
const COMPRESSED = /^(application\/(x-ndjson|json|problem\+json)|text\/(csv|html|plain))\b/;

/**
 * Finishes an answer before it goes out: an entity tag for a JSON answer of a GET, 304 where the client has it already,
 * gzip where the client takes it. A stream is compressed piece by piece, so that what was written is not held back.
 */
export async function finishAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  const type = String(reply.getHeader('content-type') ?? '');
  if (isTagged(request, reply, type) && typeof payload === 'string') {
    const tag = String(reply.getHeader('etag') ?? weakTag(payload));
    reply.header('etag', tag);
    if (isUnchanged(request, tag)) {
      reply.code(304).removeHeader('content-type').removeHeader('content-length');
      return '';
    }
  }
  if (!COMPRESSED.test(type) || reply.hasHeader('content-encoding')) return payload;
  reply.header('vary', 'accept-encoding');
  if (request.method === 'HEAD' || !takesGzip(request.headers['accept-encoding'])) return payload;
  return await compressed(reply, payload);
}

/** Whether `accept-encoding` allows gzip. (RFC 9110, 12.5.3) */
export function takesGzip(header: string | string[] | undefined): boolean {
  const codings = String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => /^\s*([\w*-]+)\s*(?:;\s*q=([\d.]+))?/.exec(one));
  const found =
    codings.find((one) => one?.[1] === 'gzip' || one?.[1] === 'x-gzip') ??
    codings.find((one) => one?.[1] === '*');
  return found !== undefined && Number(found?.[2] ?? 1) > 0;
}

function isTagged(request: FastifyRequest, reply: FastifyReply, type: string): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    reply.statusCode === 200 &&
    type.startsWith('application/json')
  );
}

async function compressed(reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (payload instanceof Readable) {
    reply.header('content-encoding', 'gzip').removeHeader('content-length');
    const zip = createGzip({ level: LEVEL, flush: constants.Z_SYNC_FLUSH });
    return pipeline(payload, zip, () => undefined); // either one's fault ends both, and so the answer
  }
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload)) return payload;
  if (payload.length < LIMITS.gzipBytesMin.value) return payload;
  reply.header('content-encoding', 'gzip').removeHeader('content-length');
  return await gzipAsync(payload, { level: LEVEL });
}
