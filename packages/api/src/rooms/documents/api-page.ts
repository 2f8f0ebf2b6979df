import { openApiDocument } from '../../document.ts';

/** Parts of an OpenAPI document that the page shows. */
interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface Described {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly security?: readonly unknown[];
}

interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Described;
}

/**
 * The page of the API as HTML, from the OpenAPI document: an anchor for each operation (its id) and each schema
 * (`schema-` and its name), an example for curl each. No script, no style of its own but `/api/style.css`. `origin` is
 * where the examples ask, `http://127.0.0.1:8080` for instance.
 */
export function apiPage(origin: string): string {
  const document = openApiDocument() as unknown as Document; // written by that function in this shape
  const entries = entriesOf(document);
  const tags = [...new Set(entries.flatMap(({ operation }) => operation.tags))];
  const { title, version, description } = document.info;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} API ${escapeHtml(version)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/api/style.css">
</head>
<body>
<a class="skip" href="#operations">To the operations</a>
<nav aria-label="Contents">
<p><strong>${escapeHtml(title)} API</strong> ${escapeHtml(version)}</p>
${tags.map((tag) => contentsOf(tag, entries)).join('\n')}
<p><a href="#schemas">Schemas</a></p>
</nav>
<main>
<h1>${escapeHtml(title)} API</h1>
<p>${prose(description)}</p>
<p>As documents: <a href="/openapi.json">OpenAPI 3.1</a> for HTTP, <a href="/asyncapi.json">AsyncAPI 3.0</a> for MQTT and the event stream. Examples take the token from <code>$SKERRY_TOKEN</code>.</p>
<div id="operations">
${tags.map((tag) => sectionOf(tag, entries, origin)).join('\n')}
</div>
<section>
<h2 id="schemas">Schemas</h2>
${Object.entries(document.components.schemas).map(schemaOf).join('\n')}
</section>
</main>
</body>
</html>
`;
}

function entriesOf(document: Document): Entry[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
}

function contentsOf(tag: string, entries: readonly Entry[]): string {
  const rows = entries.filter(({ operation }) => operation.tags.includes(tag));
  const items = rows.map(
    ({ operation }) =>
      `<li><a href="#${operation.operationId}">${escapeHtml(operation.operationId)}</a></li>`,
  );
  return `<h2>${escapeHtml(tag)}</h2>\n<ul>${items.join('')}</ul>`;
}

function sectionOf(tag: string, entries: readonly Entry[], origin: string): string {
  const own = entries.filter(({ operation }) => operation.tags.includes(tag));
  return `<section>\n<h2>${escapeHtml(tag)}</h2>\n${own.map((entry) => operationOf(entry, origin)).join('\n')}\n</section>`;
}

function operationOf(entry: Entry, origin: string): string {
  const { method, path, operation } = entry;
  const { operationId: id, summary, description } = operation;
  const isOpen = operation.security?.length === 0;
  return `<article id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title"><a href="#${id}">${escapeHtml(id)}</a></h3>
<p class="address"><span class="method">${method}</span> <code>${escapeHtml(path)}</code>${isOpen ? ' <span class="open">open to all</span>' : ''}</p>
<p>${prose(summary)}.</p>
${description === undefined ? '' : `<p>${prose(description)}</p>`}
${parametersOf(operation.parameters ?? [])}
${bodyOf(operation)}
${answersOf(operation)}
<pre tabindex="0" aria-label="Example"><code>${escapeHtml(curlOf(entry, origin))}</code></pre>
</article>`;
}

function parametersOf(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(({ name, in: place, required, description = '', schema }) => {
    const need = required ? 'required' : 'optional';
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${place}, ${need}</td><td>${typeOf(schema)}</td><td>${prose(description)}${boundsOf(schema)}</td></tr>`;
  });
  return table('Parameters', ['Name', 'Where', 'Type', 'Meaning'], rows);
}

function bodyOf({ requestBody }: Described): string {
  if (!requestBody) return '';
  const kinds = Object.entries(requestBody.content).map(
    ([media, { schema }]) => `<code>${escapeHtml(media)}</code> (${typeOf(schema)})`,
  );
  return `<p>Body: ${kinds.join(', ')}</p>`;
}

function answersOf({ responses }: Described): string {
  const rows = Object.entries(responses).map(([status, { description, content = {} }]) => {
    const kinds = Object.entries(content).map(
      ([media, { schema }]) => `<code>${escapeHtml(media)}</code> (${typeOf(schema)})`,
    );
    return `<tr><th scope="row">${escapeHtml(status)}</th><td>${prose(description)}</td><td>${kinds.join('<br>')}</td></tr>`;
  });
  return table('Answers', ['Status', 'Meaning', 'Body'], rows);
}

function schemaOf([name, schema]: [string, Schema]): string {
  const rows = Object.entries(schema.properties ?? {}).map(([member, one]) => {
    const need = schema.required?.includes(member) ? '' : ', optional';
    return `<tr><th scope="row"><code>${escapeHtml(member)}</code></th><td>${typeOf(one)}${need}</td><td>${prose(one.description ?? '')}</td></tr>`;
  });
  const members = rows.length === 0 ? '' : table('Members', ['Name', 'Type', 'Meaning'], rows);
  return `<article id="schema-${name}"><h3><a href="#schema-${name}">${escapeHtml(name)}</a></h3><p>${prose(schema.description ?? '')}</p>${members}</article>`;
}

function table(caption: string, heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join('');
  return `<div class="wide" tabindex="0" role="group" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></div>`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/components/schemas/'.length);
    return `<a href="#schema-${name}">${escapeHtml(name)}</a>`;
  }
  if (schema.const !== undefined) return `<code>${escapeHtml(JSON.stringify(schema.const))}</code>`;
  if (schema.enum) return schema.enum.map((one) => `<code>${escapeHtml(String(one))}</code>`).join(' or ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  return escapeHtml(schema.type ?? 'any JSON');
}

function boundsOf({ minimum, maximum, default: standard }: Schema): string {
  const bounds = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
    ...(standard === undefined ? [] : [`${JSON.stringify(standard)} when absent`]),
  ];
  return bounds.length === 0 ? '' : ` (${escapeHtml(bounds.join(', '))})`;
}

const EXAMPLES: Readonly<Record<string, string>> = {
  tenant: 'my-tenant',
  tenantId: 'my-tenant',
  project: 'my-project',
  projectId: 'my-project',
  device: 'my-device',
  deviceId: 'my-device',
  metric: 'temperature',
  from: 'now-1h',
  subscribe: 'points:my-tenant',
  offset: '42',
};

function curlOf({ method, path, operation }: Entry, origin: string): string {
  const example = (name: string) => encodeURIComponent(EXAMPLES[name] ?? `my-${name}`);
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => example(name));
  const needed = (operation.parameters ?? []).filter((one) => one.in === 'query' && one.required);
  const query = needed.map(({ name }) => `${name}=${example(name)}`).join('&');
  const content = Object.entries(operation.requestBody?.content ?? {})[0];
  const isOpen = operation.security?.length === 0;
  const parts = [
    `curl${method === 'GET' ? '' : ` -X ${method}`}`,
    ...(isOpen ? [] : ['-H "Authorization: Bearer $SKERRY_TOKEN"']),
    ...(content
      ? [`-H 'Content-Type: ${content[0]}'`, `-d '${JSON.stringify(bodyExample(content[1].schema))}'`]
      : []),
    `'${origin}${address}${query === '' ? '' : `?${query}`}'`,
  ];
  return parts.join(parts.length === 2 ? ' ' : ' \\\n  ');
}

/** A value that fits a schema of the document: its required members, shortest. */
function bodyExample(schema: Schema): unknown {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice('#/components/schemas/'.length);
    const { components } = openApiDocument() as unknown as Document; // as above
    return bodyExample(components.schemas[name] ?? {});
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return bodyExample(schema.anyOf[0] ?? {});
  switch (schema.type) {
    case 'object': {
      const names = schema.required ?? [];
      return Object.fromEntries(
        names.map((name) => [name, EXAMPLES[name] ?? bodyExample(schema.properties?.[name] ?? {})]),
      );
    }
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return '…';
    default:
      return { temperature: 21.5 };
  }
}

/** Text of a description with its code in backticks. */
function prose(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
