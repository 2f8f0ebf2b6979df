import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import type { Schema } from './schema-kit.ts';
import { SCHEMAS } from './schemas.ts';

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

const HEAD = `// Written from packages/api by \`npm run generate\`; not to be edited.

/** A problem body (RFC 9457) as an error. */
export class ApiProblem extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiProblem';
    this.problem = problem;
  }
}

async function call<T>(path: string, query: object, init: RequestInit): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  const text = search.toString();
  const headers = {
    accept: 'application/json',
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(init.method === undefined ? {} : { 'x-skerry-request': '1' }),
  };
  const response = await fetch(text === '' ? path : \`\${path}?\${text}\`, { ...init, headers });
  if (!response.ok && response.headers.get('content-type')?.startsWith('application/problem+json')) {
    throw new ApiProblem(await response.json());
  }
  return response.json();
}

const part = encodeURIComponent;
`;

const WRITTEN = '// Written from packages/api by `npm run generate`; not to be edited.\n';

/** The source of the types of `@skerry/client`: one of every schema. */
export function writeSchemas(): string {
  return [WRITTEN, ...schemaTypes()].join('\n');
}

/** The source of the operations of `@skerry/client`: a table of them, and the type of a client that has them all. */
export function writeOperations(): string {
  const entries = Object.entries<Operation>(OPERATIONS);
  const members = entries.flatMap(([id, operation]) => membersOf(id, operation));
  const text = members.join('\n');
  const names = Object.keys(SCHEMAS).filter((name) =>
    new RegExp(`\\b${name}\\b`).test(text.replaceAll(/\/\*\*.*?\*\//g, '')),
  );
  return [
    WRITTEN,
    "import type { FollowOptions, PlainEvent } from '../event-stream.ts';",
    "import type { CallOptions, RawBody } from '../transport.ts';",
    `import type {\n${names.map((name) => `  ${name},\n`).join('')}} from './schemas.ts';\n`,
    '/** Every operation of the API as a function. The first argument holds path, query, named headers and body by name. */',
    'export interface SkerryClient {',
    text,
    '}\n',
    '/** What a client has to know of one operation. */',
    'interface Operation {',
    '  readonly method: string;',
    '  readonly path: string;',
    "  readonly kind: 'json' | 'text' | 'stream' | 'events' | 'nothing';",
    '  readonly hasLines?: boolean;',
    '  readonly isRaw?: boolean;',
    '  readonly headers?: Readonly<Record<string, string>>;',
    '}\n',
    '/** The operations by id. */',
    'export const OPERATIONS: Readonly<Record<string, Operation>> = {',
    ...entries.map(([id, operation]) => `  ${id}: ${JSON.stringify(shapeOf(operation))},`),
    '};\n',
  ].join('\n');
}

function shapeOf(operation: Operation): object {
  const headers = headerNames(operation);
  return {
    method: operation.method,
    path: operation.path,
    kind: kindOf(operation),
    ...(hasLines(operation) ? { hasLines: true } : {}),
    ...(operation.bytesBody ? { isRaw: true } : {}),
    ...(headers.length > 0
      ? { headers: Object.fromEntries(headers.map((name) => [parameterName(name), name])) }
      : {}),
  };
}

function hasLines({ alsoMedia }: Operation): boolean {
  return alsoMedia?.includes('application/x-ndjson') ?? false;
}

function kindOf({ answer, alsoMedia }: Operation): 'json' | 'text' | 'stream' | 'events' | 'nothing' {
  if (answer !== undefined) return 'json';
  if (alsoMedia?.includes('text/event-stream')) return 'events';
  if (alsoMedia === undefined) return 'nothing';
  return alsoMedia.every((media) => media === 'text/plain') ? 'text' : 'stream';
}

const ANSWERS = {
  text: 'Promise<string>',
  stream: 'Promise<Response>',
  nothing: 'Promise<void>',
} as const;

function membersOf(id: string, operation: Operation): string[] {
  const kind = kindOf(operation);
  const args = argumentsOf(operation);
  const comment = `  /** ${operation.summary}. */`;
  const options = kind === 'events' ? 'FollowOptions' : 'CallOptions';
  const answer =
    kind === 'events'
      ? `AsyncGenerator<${eventsOf(operation)}>`
      : kind === 'json'
        ? `Promise<${answerOf(operation)}>`
        : ANSWERS[kind];
  const members = [comment, `  ${id}(${args}, options?: ${options}): ${answer};`];
  if (!hasLines(operation)) return members;
  const lines = [operation.lines ?? []].flat();
  const line = lines.length === 0 ? 'unknown' : lines.join(' | ');
  return [
    ...members,
    `  /** The same, line by line and no faster than they are taken. ${operation.summary}. */`,
    `  ${id}Lines(${args}, options?: CallOptions): AsyncGenerator<${line}>;`,
  ];
}

/** The type of an event stream's events: its schemas by the events' names. */
function eventsOf({ events }: Operation): string {
  const all = Object.entries(events ?? {});
  if (all.length === 0) return 'PlainEvent';
  return all
    .map(([event, schema]) => `(PlainEvent & { readonly event: '${event}'; readonly data: ${schema} })`)
    .join(' | ');
}

function argumentsOf(operation: Operation): string {
  const members: string[] = [];
  let isNeeded = false;
  for (const schema of [operation.params, operation.query, operation.headers]) {
    const object = schema as ObjectSchema | undefined; // parameters are always written by `object()`
    for (const [name, member] of Object.entries(object?.properties ?? {})) {
      const isRequired = object?.required.includes(name) ?? false;
      isNeeded ||= isRequired;
      const type = typeOf(member, '  ');
      members.push(
        `readonly ${parameterName(name)}${isRequired ? '' : '?'}: ${type}${isRequired ? '' : ' | undefined'}`,
      );
    }
  }
  if (operation.body ?? operation.bytesBody) {
    isNeeded = true;
    members.push(`readonly body: ${operation.bytesBody ? 'RawBody' : String(operation.body)}`);
  }
  if (members.length === 0) return 'parameters?: Readonly<Record<never, never>>';
  return `parameters${isNeeded ? '' : '?'}: { ${members.join('; ')} }`;
}

function headerNames({ headers }: Operation): string[] {
  const object = headers as ObjectSchema | undefined; // the same
  return Object.keys(object?.properties ?? {});
}

function parameterName(header: string): string {
  return header.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function schemaTypes(): string[] {
  return Object.entries<Schema>(SCHEMAS).map(
    ([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema, '')};\n`,
  );
}

/** The source of the page's client: types of every schema and a function for every operation that answers JSON. */
export function writeClient(): string {
  const types = schemaTypes();
  const functions = Object.entries<Operation>(OPERATIONS)
    .filter(([, operation]) => operation.answer !== undefined && operation.bytesBody === undefined)
    .map(([id, operation]) => writeFunction(id, operation));
  return [HEAD, ...types, ...functions].join('\n');
}

function writeFunction(id: string, operation: Operation): string {
  const params = operation.params as ObjectSchema | undefined; // parameters are always written by `object()`
  const query = operation.query as ObjectSchema | undefined; // the same
  const isQueryNeeded = query !== undefined && query.required.length > 0;
  const args = [
    ...(params ? [`params: ${typeOf(operation.params ?? {}, '')}`] : []),
    ...(query ? [`query: ${typeOf(operation.query ?? {}, '')}${isQueryNeeded ? '' : ' = {}'}`] : []),
    ...(operation.body ? [`body: ${operation.body}`] : []),
    'signal: AbortSignal | null = null',
  ];
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `\${part(params.${name})}`);
  const init = [
    ...(operation.method === 'GET' ? [] : [`method: '${operation.method}'`]),
    ...(operation.body ? ['body: JSON.stringify(body)'] : []),
    'signal',
  ];
  return [
    `/** ${operation.summary}. */`,
    `export function ${id}(${args.join(', ')}): Promise<${answerOf(operation)}> {`,
    `  return call(\`${path}\`, ${query ? 'query' : '{}'}, { ${init.join(', ')} });`,
    '}',
    '',
  ].join('\n');
}

function answerOf({ answer }: Operation): string {
  return typeof answer === 'string' ? answer : (answer ?? []).join(' | ');
}

function comment(schema: Schema): string {
  return typeof schema.description === 'string' && schema.description !== ''
    ? `/** ${schema.description} */\n`
    : '';
}

function typeOf(schema: Schema, indent: string): string {
  if (typeof schema.$ref === 'string') return schema.$ref.slice('#/components/schemas/'.length);
  if ('const' in schema) return literal(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((one: Schema) => typeOf(one, indent)).join(' | ');
  if (schema.type === 'array') return `readonly (${typeOf(schema.items as Schema, indent)})[]`; // arrays have items
  if (schema.type === 'object') return objectType(schema, indent);
  return schema.type === 'integer' ? 'number' : String(schema.type);
}

function objectType(schema: Schema, indent: string): string {
  if (!schema.properties) return 'Readonly<Record<string, unknown>>';
  const { properties, required } = schema as unknown as ObjectSchema; // written by `object()`
  const inner = `${indent}  `;
  const members = Object.entries(properties).map(([name, member]) => {
    const isNeeded = required.includes(name);
    const text = comment(member).replace('\n', `\n${inner}`);
    return `${inner}${text}readonly ${name}${isNeeded ? '' : '?'}: ${typeOf(member, inner)}${isNeeded ? '' : ' | undefined'};`;
  });
  return `{\n${members.join('\n')}\n${indent}}`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}
