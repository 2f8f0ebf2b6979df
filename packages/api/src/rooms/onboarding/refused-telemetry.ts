import type { FastifyRequest } from 'fastify';
import type { Model } from '../../schemas.ts';
import type { RefusedArrival } from './refusal-book.ts';

const PATH = '/api/v1/telemetry/';
const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** What is noted of a request that wanted to send telemetry and was refused; undefined for every other request. */
export function refusedTelemetry(
  { method, url, socket }: Pick<FastifyRequest, 'method' | 'url' | 'socket'>,
  problem: Pick<Model<'Problem'>, 'code' | 'status' | 'detail'>,
  atMicros: number,
): RefusedArrival | undefined {
  const path = url.replace(/[?#].*$/s, '');
  if (READING.has(method) || !path.startsWith(PATH)) return undefined;
  const { remoteAddress = '', remotePort = 0 } = socket;
  return {
    atMicros,
    kind: 'http',
    client: '',
    user: '',
    topic: path.slice(PATH.length).split('/').map(decoded).join('/'),
    reason: problem.code,
    why: `${problem.status}, ${problem.detail}`,
    remote: `${remoteAddress}:${remotePort}`,
  };
}

function decoded(level: string): string {
  try {
    return decodeURIComponent(level);
  } catch (fault) {
    if (fault instanceof URIError) return level;
    throw fault;
  }
}
