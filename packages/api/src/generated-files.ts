import { writeClient, writeOperations, writeSchemas } from './client-source.ts';
import { openApiDocument } from './document.ts';

/**
 * The files written from the schemas, by their path in the repository: the API's document and the clients. The
 * same schemas give the same text.
 */
export function generatedFiles(): Map<string, string> {
  return new Map([
    ['packages/api/generated/openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`],
    ['packages/client/src/generated/schemas.ts', writeSchemas()],
    ['packages/client/src/generated/operations.ts', writeOperations()],
    ['packages/console/src/generated/client.ts', writeClient()],
  ]);
}
