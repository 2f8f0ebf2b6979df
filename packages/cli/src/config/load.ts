import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { nearestWord } from '@skerry/model';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import { CliError } from '../errors.ts';
import { commonSettings } from './common-variables.ts';
import { profileValue } from './retention-profiles.ts';
import { refuseFaults } from './role-rules.ts';
import { ruleFaults } from './rules.ts';
import {
  CONFIG_SCHEMA,
  type ConfigLeaf,
  configLeaves,
  environmentName,
  flagName,
  type SchemaNode,
  type SkerryConfig,
} from './schema.ts';

/** Where the configuration may come from, in rising order of strength: defaults, file, environment, flags. */
export interface ConfigSources {
  /** Path of the YAML file; undefined for none. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Flag values by flag name. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
}

/** The configuration in force and, for each path, where its value comes from. */
export interface LoadedConfig {
  readonly config: SkerryConfig;
  readonly origins: Readonly<Record<string, string>>;
}

type Tree = Record<string, unknown>;

/**
 * Reads every source and checks the result against the schema.
 * Fails with `CliError` `config-invalid` that names every fault with its path, the value found and the value wanted.
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const faults: string[] = [];
  const origins: Record<string, string> = {};
  const tree = sources.file === undefined ? {} : readConfigFile(sources.file, faults);
  const leaves = configLeaves();
  const common = commonSettings(sources.environment);
  for (const leaf of leaves) {
    if (valueAt(tree, leaf.path) !== undefined) origins[leaf.path] = `file ${sources.file}`;
    const environmentKey = environmentName(leaf.path);
    const fromEnvironment = sources.environment[environmentKey];
    if (fromEnvironment !== undefined) place(tree, leaf, fromEnvironment, environmentKey, origins, faults);
    const flag = sources.flags[flagName(leaf.path)];
    if (flag !== undefined) place(tree, leaf, flag, `--${flagName(leaf.path)}`, origins, faults);
    const other = common.find(({ path }) => path === leaf.path);
    if (other && valueAt(tree, leaf.path) === undefined)
      place(tree, leaf, other.value, other.origin, origins, faults);
    const profile = valueAt(tree, 'retention.profile');
    if (valueAt(tree, leaf.path) === undefined) {
      const ofProfile = profileValue(profile, leaf.path);
      setAt(
        tree,
        leaf.path,
        leaf.path === 'dataDir'
          ? defaultDataDir(sources.environment)
          : (ofProfile ?? structuredClone(leaf.schema.default)),
      );
      origins[leaf.path] ??=
        ofProfile === undefined || profile === 'default' ? 'default' : `retention.profile ${profile}`;
    }
    if (leaf.schema.items?.type === 'object')
      fillItems(leaf.schema.items, valueAt(tree, leaf.path), (key) =>
        profileValue(profile, `${leaf.path}.${key}`),
      );
  }
  followPickedPort(tree, origins, 'mqtt.port', ['mqtt.tls.port', 'mqtt.websocket.port']);
  followPickedPort(tree, origins, 'http.port', ['http.tls.port']);
  faults.push(...unknownVariables(sources.environment, leaves), ...schemaFaults(tree));
  refuseFaults('', faults);
  const config = tree as unknown as SkerryConfig; // the schema was just checked against this tree
  return { config: { ...config, dataDir: resolve(config.dataDir) }, origins };
}

/** Gives the objects of a list what they leave out: what the profile says of the key, else its default. */
function fillItems(schema: SchemaNode, items: unknown, ofProfile: (key: string) => number | undefined): void {
  if (!Array.isArray(items)) return;
  for (const item of items) {
    if (typeof item !== 'object' || item === null) continue;
    for (const [key, child] of Object.entries(schema.properties ?? {}))
      if (!(key in item)) Object.assign(item, { [key]: ofProfile(key) ?? structuredClone(child.default) });
  }
}

/** Whoever has a free port picked for one way in has one picked for the others too, unless they are set. */
function followPickedPort(
  tree: Tree,
  origins: Record<string, string>,
  key: string,
  others: readonly string[],
): void {
  if (valueAt(tree, key) !== 0) return;
  for (const path of others) {
    if (origins[path] !== 'default') continue;
    setAt(tree, path, 0);
    origins[path] = `default, since ${key} is 0`;
  }
}

/** The data folder when none is configured: `skerry` in the user's data folder. */
export function defaultDataDir(environment: Readonly<Record<string, string | undefined>>): string {
  return join(environment.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'skerry');
}

const OTHER_VARIABLES = new Set([
  'SKERRY_CONFIG',
  'SKERRY_FAILPOINT',
  'SKERRY_RECORDINGS',
  'SKERRY_URL',
  'SKERRY_TOKEN',
  'SKERRY_PARENT_FD',
  'SKERRY_PARENT_CHAIN',
  'SKERRY_SUPERVISED',
  // the house's own tests and benchmarks, which a shell may still have exported
  'SKERRY_BENCH_DIR',
  'SKERRY_SEED',
  'SKERRY_PROPERTY_RUNS',
  'SKERRY_SIMULATION_CPU_SECS',
  'SKERRY_TIMESCALE_URL',
  'SKERRY_INFLUX2_URL',
  'SKERRY_INFLUX2_ORG',
  'SKERRY_INFLUX2_BUCKET',
  'SKERRY_INFLUX2_TOKEN',
  'SKERRY_INFLUX3_URL',
  'SKERRY_INFLUX3_DATABASE',
  'SKERRY_INFLUX3_TOKEN',
]);

function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
  leaves: readonly ConfigLeaf[],
): string[] {
  const known = leaves.map((leaf) => environmentName(leaf.path));
  return Object.keys(environment)
    .filter((name) => name.startsWith('SKERRY_') && !known.includes(name) && !OTHER_VARIABLES.has(name))
    .map((name) => `${name}: unknown variable${hint(nearestWord(name, known))}`);
}

function readConfigFile(path: string, faults: string[]): Tree {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError(
      'config-unreadable',
      `Reading the configuration file ${path} failed: ${messageOf(cause)}.`,
      {},
      cause,
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, lineCounter: lines });
  for (const error of document.errors) faults.push(`${path}: ${error.message.split('\n')[0]}`);
  // with a key that is there twice the rest can be read; with broken syntax it is guesswork
  if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return {};
  const value = readTree(document, path, lines, faults);
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return { ...value };
  faults.push(`${path}: found ${Array.isArray(value) ? 'a list' : typeof value}, wanted keys with values`);
  return {};
}

/** The document's value; aliases that would make it grow without bound are a fault with the line of the last one. */
function readTree(document: Document, path: string, lines: LineCounter, faults: string[]): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    if (!(cause instanceof ReferenceError)) throw cause;
    let offset = 0;
    visit(document, {
      Alias(_key, node) {
        offset = node.range?.[0] ?? offset;
      },
    });
    faults.push(`${path}: ${cause.message} at line ${lines.linePos(offset).line}, wanted values without it`);
    return undefined;
  }
}

function place(
  tree: Tree,
  leaf: ConfigLeaf,
  raw: string | boolean,
  origin: string,
  origins: Record<string, string>,
  faults: string[],
): void {
  const parsed = parseLeaf(leaf.schema, raw);
  if (parsed === undefined) {
    faults.push(`${leaf.path}: found ${JSON.stringify(raw)} from ${origin}, wanted ${wanted(leaf.schema)}`);
    return;
  }
  setAt(tree, leaf.path, parsed);
  origins[leaf.path] = origin;
}

function parseLeaf(schema: SchemaNode, raw: string | boolean): unknown {
  if (schema.type === 'boolean') {
    if (typeof raw === 'boolean') return raw;
    if (['true', '1', 'yes', 'on'].includes(raw.toLowerCase())) return true;
    return ['false', '0', 'no', 'off'].includes(raw.toLowerCase()) ? false : undefined;
  }
  if (typeof raw === 'boolean') return undefined;
  if (schema.type === 'array') return schema.items?.type === 'object' ? parseJson(raw) : partsOf(raw);
  if (schema.type === 'string') return raw;
  const number = raw.trim() === '' ? Number.NaN : Number(raw);
  return Number.isFinite(number) ? number : undefined;
}

function partsOf(raw: string): string[] {
  return raw.trim() === '' ? [] : raw.split(',').map((part) => part.trim());
}

/** A list of objects as JSON; undefined when it is none. */
function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined; // the caller tells what was found and wanted
  }
}

const ajv = new Ajv({ allErrors: true, strict: true, verbose: true });
const validate = ajv.compile(CONFIG_SCHEMA);

function schemaFaults(tree: Tree): string[] {
  const faults = validate(tree) ? [] : (validate.errors ?? []).map(schemaFault);
  return [...faults, ...ruleFaults((path) => valueAt(tree, path))];
}

function schemaFault(error: ErrorObject): string {
  const path = error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'additionalProperties') {
    const key = String((error.params as { additionalProperty: string }).additionalProperty); // ajv's documented shape
    const known = Object.keys((error.parentSchema as unknown as SchemaNode).properties ?? {}); // verbose mode gives our own schema
    return `${path === '' ? key : `${path}.${key}`}: unknown key${hint(nearestWord(key, known))}`;
  }
  const bound = BOUNDS[error.keyword];
  const schema = error.parentSchema as unknown as SchemaNode; // verbose mode gives our own schema
  const missed = bound
    ? `${bound[0]} ${count(Number(schema[error.keyword]), bound[1])}`
    : `${wanted(schema)}${error.keyword === 'pattern' ? ` that matches ${schema.pattern}` : ''}`;
  return `${path}: found ${JSON.stringify(error.data)}, wanted ${missed}`;
}

/** How a bound on a length is told, by the keyword of the schema. */
const BOUNDS: Readonly<Record<string, readonly [string, string]>> = {
  minItems: ['at least', 'item'],
  maxItems: ['at most', 'item'],
  minLength: ['at least', 'character'],
  maxLength: ['at most', 'character'],
};

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function wanted(schema: SchemaNode): string {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`;
  const range = schema.minimum === undefined ? '' : ` from ${schema.minimum} to ${schema.maximum ?? 'any'}`;
  return `${schema.type === 'integer' ? 'a whole number' : `${/^[aio]/.test(String(schema.type)) ? 'an' : 'a'} ${schema.type}`}${range}`;
}

function hint(name: string | undefined): string {
  return name === undefined ? '' : `; did you mean ${name}?`;
}

function valueAt(tree: Tree, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (node, key) =>
        node !== null && typeof node === 'object'
          ? Object.entries(node).find(([name]) => name === key)?.[1]
          : undefined,
      tree,
    );
}

function setAt(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop();
  let node = tree;
  for (const key of keys) {
    const next = node[key];
    if (next === undefined) node[key] = {};
    else if (next === null || typeof next !== 'object' || Array.isArray(next)) return;
    node = node[key] as Tree; // checked or created as an object above
  }
  if (last !== undefined) node[last] = value;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
