/** The part of the configuration's schema that the page tells of. */
export interface PageLeaf {
  /** Keys joined by dots. */
  readonly path: string;
  readonly schema: {
    readonly type: string;
    readonly description?: string;
    readonly default?: unknown;
    readonly enum?: readonly string[];
    readonly minimum?: number;
    readonly maximum?: number;
  };
}

/** How a key is named outside the file. */
export interface LeafNames {
  environmentName(path: string): string;
  flagName(path: string): string;
}

const HEAD = `# Configuration

Generated from \`packages/cli/src/config/schema.ts\`; \`npm run generate\` writes it again.

Four sources, each stronger than the one before: defaults; one YAML file (\`--config FILE\`, else \`SKERRY_CONFIG\`, else
\`skerry.yaml\` in the folder of the start); environment; flags. Every fault is reported at once with its path, the value
found and the value wanted, and the exit code is 3. \`skerry config print -o wide\` says where each value comes from.

In the environment and in flags a list is written with commas; a switch is \`true\` or \`false\`, as a flag \`--demo\` or
\`--no-demo\`. Unknown keys and unknown \`SKERRY_*\` variables are refused.
Where \`dataDir\` is not set it is \`skerry\` in \`$XDG_DATA_HOME\`, else in \`~/.local/share\`. A data folder keeps the
\`journal.engine\` and the \`journal.topic\` that it began with: another one wants a new \`dataDir\`.
`;

const TAIL = `## Other variables

| variable | meaning |
|---|---|
| \`SKERRY_CONFIG\` | path of the configuration file |
| \`SKERRY_URL\` | address of an instance elsewhere, to which commands go |
| \`SKERRY_TOKEN\` | access token for \`SKERRY_URL\` |
| \`SKERRY_TIMESCALE_URL\` | address of a TimescaleDB on which the opt-in tests run |
| \`SKERRY_INFLUX2_URL\`, \`SKERRY_INFLUX2_ORG\`, \`SKERRY_INFLUX2_BUCKET\`, \`SKERRY_INFLUX2_TOKEN\` | an InfluxDB 2 with an empty bucket, on which the opt-in tests run |
| \`SKERRY_INFLUX3_URL\`, \`SKERRY_INFLUX3_DATABASE\`, \`SKERRY_INFLUX3_TOKEN\` | an InfluxDB 3 with an empty database, on which the opt-in tests run |
| \`SKERRY_RECORDINGS\` | folder of recordings that tests and examples use where it is set |
| \`SKERRY_FAILPOINT\` | for tests: \`name:kill:nth\`, see [ARCHITECTURE.md](ARCHITECTURE.md) |
| \`NO_COLOR\` | no colours in the output |
`;

/** The text of \`docs/CONFIGURATION.md\`: the keys in the order of the schema, then the file that says the defaults. */
export function configurationPage(leaves: readonly PageLeaf[], names: LeafNames): string {
  return [
    HEAD,
    '## Keys',
    '',
    '| key | default | wanted | what | environment | flag |',
    '|---|---|---|---|---|---|',
    ...leaves.map((leaf) => row(leaf, names)),
    '',
    '## As a file',
    '',
    '```yaml',
    ...yamlLines(leaves),
    '```',
    '',
    TAIL,
  ].join('\n');
}

function row({ path, schema }: PageLeaf, names: LeafNames): string {
  const cells = [
    code(path),
    schema.default === undefined ? '' : listOf(schema.default).map(code).join('<br>'),
    wanted(schema),
    schema.description ?? '',
    code(names.environmentName(path)),
    code(`--${names.flagName(path)}`),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function code(value: unknown): string {
  return `\`${String(value)}\``;
}

function wanted(schema: PageLeaf['schema']): string {
  if (schema.enum) return schema.enum.map(code).join(', ');
  const kinds: Readonly<Record<string, string>> = {
    integer: 'whole number',
    string: 'text',
    boolean: 'switch',
    array: 'list of texts',
  };
  const kind = kinds[schema.type] ?? schema.type;
  if (schema.minimum === undefined || schema.maximum === undefined) return kind;
  return `${kind} from ${grouped(schema.minimum)} to ${grouped(schema.maximum)}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** The defaults as YAML; JSON's texts are YAML's. */
function yamlLines(leaves: readonly PageLeaf[]): string[] {
  const lines: string[] = [];
  let section = '';
  for (const { path, schema } of leaves) {
    const keys = path.split('.');
    const key = String(keys.at(-1));
    const parent = keys.slice(0, -1).join('.');
    if (parent !== '' && parent !== section) lines.push(`${parent}:`);
    section = parent;
    const indent = parent === '' ? '' : '  ';
    if (schema.default === undefined) lines.push(`${indent}# ${key}: …`);
    else if (Array.isArray(schema.default) && schema.default.length > 0) {
      lines.push(`${indent}${key}:`, ...schema.default.map((one) => `${indent}  - ${JSON.stringify(one)}`));
    } else lines.push(`${indent}${key}: ${JSON.stringify(schema.default)}`);
  }
  return lines;
}
