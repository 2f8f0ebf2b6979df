import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import { LIMITS } from '../limits.ts';

/** One file of the page, held in memory. */
export interface StaticFile {
  readonly bytes: Buffer;
  /** The same, compressed, where that makes it smaller. */
  readonly gzip: Buffer | undefined;
  readonly mediaType: string;
  readonly etag: string;
  /** Whether the name carries a hash of the content, so that the file may be kept for ever. */
  readonly isImmutable: boolean;
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Reads every file below `folder`, by URL path. Empty when the folder does not exist. Refuses what is too large. */
export function loadStaticFolder(folder: string): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  let total = 0;
  for (const path of filesBelow(folder)) {
    const bytes = readFileSync(path);
    total += bytes.length;
    if (total > LIMITS.staticFileBytesMax.value) {
      throw new RangeError(`the page in ${folder} is larger than ${LIMITS.staticFileBytesMax.value} bytes`);
    }
    const url = `/${relative(folder, path).split(sep).join('/')}`;
    files.set(url, describe(url, bytes));
  }
  return files;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function describe(url: string, bytes: Buffer): StaticFile {
  const extension = extname(url);
  const mediaType = MEDIA_TYPES[extension] ?? 'application/octet-stream';
  const packed = /text|json|svg|javascript/.test(mediaType) ? gzipSync(bytes, { level: 9 }) : undefined;
  return {
    bytes,
    gzip: packed && packed.length < bytes.length ? packed : undefined,
    mediaType,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    isImmutable: url.startsWith('/assets/'),
  };
}
