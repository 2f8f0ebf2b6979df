import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_FAULTS } from './errors.ts';
import type { StaticFile } from './node/static-folder.ts';

/** Meaning of a fault code, for the page behind a problem's `type`. */
export interface FaultMeaning {
  readonly meaning: string;
  readonly advice: string;
}

/** First parts of the addresses that the page itself has: the names of its rooms. */
export const PAGE_ROOMS: ReadonlySet<string> = new Set([
  ...['', 'devices', 'pipeline', 'dead-letters', 'ledger', 'connect', 'simulation', 'access', 'audit'],
  ...['settings', 'about'],
]);

/** Parts of the longest address of a room, `devices/{tenant}/{project}/{device}`, which fixes it. */
const DEVICE_PARTS = 4;

/**
 * Answers a GET or HEAD with a file of the page, or with its start at an address that the page itself has. Undefined
 * elsewhere, so that a mistyped address of the API or of a file does not look like success.
 */
export function sendStatic(
  request: FastifyRequest,
  reply: FastifyReply,
  files: ReadonlyMap<string, StaticFile>,
): FastifyReply | undefined {
  const path = pathOf(request.url);
  const file = files.get(path) ?? (isOfPage(path) ? files.get('/index.html') : undefined);
  if (!file) return path === '/' ? sendAbsent(reply) : undefined;
  reply.header('etag', file.etag).header('vary', 'accept-encoding').type(file.mediaType);
  reply.header('cache-control', file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (file.gzip && takesGzip) return reply.header('content-encoding', 'gzip').send(file.gzip);
  return reply.send(file.bytes);
}

function isOfPage(path: string): boolean {
  const parts = path.split('/').slice(1);
  const [room = '', ...rest] = parts.at(-1) === '' ? parts.slice(0, -1) : parts;
  if (!PAGE_ROOMS.has(room) || rest.length >= DEVICE_PARTS) return false;
  // ids of devices may have dots
  const isDevice = room === 'devices' && rest.length === DEVICE_PARTS - 1;
  return isDevice ? !rest.some((part) => /^(\.|%2e){1,2}$/i.test(part)) : !path.includes('.');
}

/** The path of a URL without its query. */
export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

function sendAbsent(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/plain; charset=utf-8')
    .send('The page is not built; the API is at /api/v1 and described by /openapi.json.\n');
}

/** The page that explains a fault code, as HTML; undefined for a code nobody knows. */
export function faultPage(code: string, faults: Readonly<Record<string, FaultMeaning>>): string | undefined {
  const own: Readonly<Record<string, FaultMeaning & { readonly title?: string; readonly status?: number }>> =
    API_FAULTS;
  const entry = Object.hasOwn(own, code) ? own[code] : Object.hasOwn(faults, code) ? faults[code] : undefined;
  if (!entry) return undefined;
  const words: Readonly<Record<string, string>> = {
    retry: 'Try again later.',
    'give-up': 'Repeating it unchanged will not help.',
    'dead-letter': 'The record is set aside among the dead letters.',
    'end-process': 'The process ends and starts again.',
  };
  const advice = words[entry.advice] ?? entry.advice;
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title><h1>${code}</h1><p>${entry.meaning}</p><p>${advice}</p></html>\n`;
}
