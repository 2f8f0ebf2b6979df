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

async function call<T>(path: string, query: object, init: RequestInit, token?: string): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  const text = search.toString();
  const headers = {
    accept: 'application/json',
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: \`Bearer \${token}\` }),
  };
  const response = await fetch(text === '' ? path : \`\${path}?\${text}\`, { ...init, headers });
  if (!response.ok && response.headers.get('content-type')?.startsWith('application/problem+json')) {
    throw new ApiProblem(await response.json());
  }
  return response.json();
}

const part = encodeURIComponent;
`;

/** The source of the page's client: types of every schema and a function for every operation that answers JSON. */
export function writeClient(): string {
  const types = Object.entries<Schema>(SCHEMAS).map(
    ([name, schema]) => `${comment(schema)}export type ${name} = ${typeOf(schema, '')};\n`,
  );
  const functions = Object.entries<Operation>(OPERATIONS)
    .filter(([, operation]) => operation.answer !== undefined)
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
    ...(operation.writes ? ['token: string'] : []),
    'signal: AbortSignal | null = null',
  ];
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `\${part(params.${name})}`);
  const init = [
    ...(operation.method === 'GET' ? [] : [`method: '${operation.method}'`]),
    ...(operation.body ? ['body: JSON.stringify(body)'] : []),
    'signal',
  ];
  const rest = operation.writes ? ', token' : '';
  return [
    `/** ${operation.summary}. */`,
    `export function ${id}(${args.join(', ')}): Promise<${answerOf(operation)}> {`,
    `  return call(\`${path}\`, ${query ? 'query' : '{}'}, { ${init.join(', ')} }${rest});`,
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
