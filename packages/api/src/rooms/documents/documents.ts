import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../../document.ts';
import type { Platform } from '../../platform.ts';
import { apiPage } from './api-page.ts';
import { asyncApiDocument } from './async-document.ts';
import { PAGE_STYLE } from './page-style.ts';

/** Serves what describes the API, to anybody: the page, its style, the documents for HTTP and for messages. */
export function serveDocuments(server: FastifyInstance, platform: Pick<Platform, 'configuration'>): void {
  const document = JSON.stringify(openApiDocument());
  server.get('/openapi.json', (_, reply) => reply.type('application/json; charset=utf-8').send(document));
  server.get('/asyncapi.json', (_, reply) => {
    const { listeners, values } = platform.configuration();
    const text = JSON.stringify(asyncApiDocument({ listeners, templates: templatesIn(values) }));
    return reply.type('application/json; charset=utf-8').send(text);
  });
  const page = apiPage(PLACE);
  server.get('/api', (request, reply) => {
    const origin = `${request.protocol}://${request.host}`; // the guard has checked the host
    return reply.type('text/html; charset=utf-8').send(page.replaceAll(PLACE, origin));
  });
  server.get('/api/style.css', (_, reply) => reply.type('text/css; charset=utf-8').send(PAGE_STYLE));
}

const PLACE = 'http://{origin}';

/** The topic templates in force, as the configuration tells them. */
function templatesIn(values: Readonly<Record<string, unknown>>): readonly string[] {
  const { routing } = values as { readonly routing?: { readonly telemetry?: readonly string[] } }; // the shape of the configuration
  return routing?.telemetry ?? [];
}
