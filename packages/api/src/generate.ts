import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeClient } from './client-source.ts';
import { openApiDocument } from './document.ts';

/** A file that is written from the schemas. */
interface Generated {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes `packages/api/generated/openapi.json` and the page's client from the schemas; the same sources give the same bytes.
 * With `check` nothing is written. Returns the paths that are, or were, out of date.
 */
export function generateApi({ check }: { readonly check: boolean }): string[] {
  const stale = generated().filter(
    ({ path, text }) => !existsSync(path) || readFileSync(path, 'utf8') !== text,
  );
  if (!check) {
    for (const { path, text } of stale) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
  return stale.map(({ path }) => path);
}

function generated(): Generated[] {
  const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return [
    { path: beside('../generated/openapi.json'), text: `${JSON.stringify(openApiDocument(), null, 2)}\n` },
    { path: beside('../../console/src/generated/client.ts'), text: writeClient() },
  ];
}
