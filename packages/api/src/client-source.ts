import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import type { Schema } from './schema-kit.ts';
import { SCHEMAS } from './schemas.ts';

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
}

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
  const names = schemasIn(text);
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

/**
 * The source of the page's way to `@skerry/client`: a function for every operation that answers JSON or nothing, with
 * path, query, body and signal one after the other.
 */
export function writeClient(): string {
  const entries = Object.entries<Operation>(OPERATIONS).filter(
    ([, operation]) => ['json', 'nothing'].includes(kindOf(operation)) && operation.bytesBody === undefined,
  );
  const functions = entries.map(([id, operation]) => writeFunction(id, operation));
  const text = functions.join('\n');
  return [
    WRITTEN,
    "import { createClient } from '@skerry/client';",
    `import type {\n${schemasIn(text)
      .map((name) => `  ${name},\n`)
      .join('')}} from '@skerry/client';\n`,
    "export type * from '@skerry/client';",
    "export { ApiProblem, isSaidBy } from '@skerry/client';\n",
    'const client = createClient();\n',
    'function optionsOf(signal: AbortSignal | null) {',
    '  return signal === null ? {} : { signal };',
    '}\n',
    text,
  ].join('\n');
}

/** Names of schemas that a source mentions outside of its comments. */
function schemasIn(source: string): string[] {
  const code = source.replaceAll(/\/\*\*.*?\*\//g, '');
  return Object.keys(SCHEMAS).filter((name) => new RegExp(`\\b${name}\\b`).test(code));
}

function writeFunction(id: string, operation: Operation): string {
  const query = operation.query as ObjectSchema | undefined; // parameters are always written by `object()`
  const isQueryNeeded = query !== undefined && query.required.length > 0;
  const args = [
    ...(operation.params ? [`params: ${typeOf(operation.params, '')}`] : []),
    ...(query ? [`query: ${typeOf(operation.query ?? {}, '')}${isQueryNeeded ? '' : ' = {}'}`] : []),
    ...(operation.body ? [`body: ${operation.body}`] : []),
    'signal: AbortSignal | null = null',
  ];
  const parts = [
    ...(operation.params ? ['...params'] : []),
    ...(query ? ['...query'] : []),
    ...(operation.body ? ['body'] : []),
  ];
  const parameters = parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
  const answer = kindOf(operation) === 'nothing' ? 'void' : answerOf(operation);
  return [
    `/** ${operation.summary}. */`,
    `export function ${id}(${args.join(', ')}): Promise<${answer}> {`,
    `  return client.${id}(${parameters}, optionsOf(signal));`,
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
