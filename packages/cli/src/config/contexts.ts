import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { CliError } from '../errors.ts';

/** An instance that commands can be sent to, by a name. */
export interface InstanceContext {
  readonly name: string;
  /** Where its API is, without a slash at the end. */
  readonly url: string;
  /** File whose first line is the token; the token itself is never here. */
  readonly tokenFile?: string;
  /** Taken by flags of these names that are not given. */
  readonly tenant?: string;
  readonly project?: string;
}

/** Every context, and which one is in force without `--context`. */
export interface ContextBook {
  readonly current?: string;
  readonly contexts: readonly InstanceContext[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the contexts are kept: `skerry/contexts.yaml` in the user's folder of configurations. */
export function contextsPath(environment: Environment): string {
  return join(
    environment.XDG_CONFIG_HOME ?? join(environment.HOME ?? homedir(), '.config'),
    'skerry',
    'contexts.yaml',
  );
}

/** The contexts of this user; none where there is no file. Fails with `context-invalid` that names file and place. */
export function readContexts(environment: Environment): ContextBook {
  const path = contextsPath(environment);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return { contexts: [] };
    throw new CliError('context-invalid', `Reading ${path} failed: ${String(cause)}.`, {}, cause);
  }
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (cause) {
    throw new CliError('context-invalid', `${path} is no YAML: ${String(cause)}.`, {}, cause);
  }
  return bookOf(tree, path);
}

/** Writes the contexts, whole or not at all, for this user alone (mode 0600). */
export function writeContexts(environment: Environment, book: ContextBook): void {
  const path = contextsPath(environment);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, stringify(book), { mode: 0o600 });
    chmodSync(`${path}.new`, 0o600); // one that was left of a write before keeps its mode
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new CliError('context-invalid', `Writing ${path} failed: ${String(cause)}.`, {}, cause);
  }
}

/**
 * The context that a command is meant for: the named one, else the current one where no data folder is named; undefined
 * for the instance of this machine. Fails with `context-unknown`.
 */
export function chosenContext(
  flags: Readonly<Record<string, unknown>>,
  environment: Environment,
): InstanceContext | undefined {
  const named = flags.context === undefined ? undefined : String(flags.context);
  const isLocal =
    flags['data-dir'] !== undefined ||
    flags.config !== undefined ||
    environment.SKERRY_DATA_DIR !== undefined;
  if (named === undefined && isLocal) return undefined;
  const book = readContexts(environment);
  const name = named ?? book.current;
  if (name === undefined) return undefined;
  const found = book.contexts.find((one) => one.name === name);
  if (found) return found;
  const known = book.contexts.map((one) => one.name).join(', ');
  throw new CliError(
    'context-unknown',
    `Found the context ${JSON.stringify(name)}, wanted ${known === '' ? 'one that was made with skerry context set' : `one of ${known}`}.`,
  );
}

/** The token of a context. Fails with `context-invalid`, also where others may read the file. */
export function contextToken({ name, tokenFile }: InstanceContext): string {
  if (tokenFile === undefined) {
    throw new CliError(
      'context-invalid',
      `The context ${name} has no token; skerry context set ${name} --token-file FILE gives it one.`,
    );
  }
  try {
    if ((statSync(tokenFile).mode & 0o077) !== 0) {
      throw new CliError(
        'context-invalid',
        `The token file ${tokenFile} of the context ${name} can be read by others; wanted mode 0600.`,
      );
    }
    return String(readFileSync(tokenFile, 'utf8').split('\n')[0]).trim();
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new CliError(
      'context-invalid',
      `Reading the token of the context ${name} failed: ${String(cause)}.`,
      {},
      cause,
    );
  }
}

/** Tenant and project of the chosen context, for verbs of an instance that take them and were given neither. */
export function contextDefaults(
  { flags }: { readonly flags: readonly { readonly name: string }[] },
  given: Readonly<Record<string, unknown>>,
  environment: Environment,
): { readonly tenant?: string; readonly project?: string } {
  const has = (name: string) => flags.some((flag) => flag.name === name);
  if (!has('context') || !has('tenant') || given.tenant !== undefined) return {};
  if (given.context === undefined && environment.SKERRY_URL !== undefined) return {};
  const { tenant, project } = chosenContext(given, environment) ?? {};
  return { ...(tenant === undefined ? {} : { tenant }), ...(project === undefined ? {} : { project }) };
}

const KEYS = ['name', 'url', 'tokenFile', 'tenant', 'project'] as const;

function bookOf(tree: unknown, path: string): ContextBook {
  const fault = (what: string) => new CliError('context-invalid', `${path}: ${what}.`);
  if (tree === null || tree === undefined) return { contexts: [] };
  if (typeof tree !== 'object') throw fault('wanted keys with values');
  const { current, contexts = [] } = tree as { current?: unknown; contexts?: unknown }; // judged below
  if (current !== undefined && typeof current !== 'string') throw fault('current: wanted a name');
  if (!Array.isArray(contexts)) throw fault('contexts: wanted a list');
  return {
    ...(current === undefined ? {} : { current }),
    contexts: contexts.map((one: unknown, at) => contextOf(one, (what) => fault(`contexts[${at}]: ${what}`))),
  };
}

function contextOf(tree: unknown, fault: (what: string) => CliError): InstanceContext {
  if (typeof tree !== 'object' || tree === null) throw fault('wanted keys with values');
  const entries = Object.entries(tree);
  const unknown = entries.find(([key]) => !KEYS.some((known) => known === key));
  if (unknown) throw fault(`unknown key ${unknown[0]}`);
  const wrong = entries.find(([, value]) => typeof value !== 'string');
  if (wrong) throw fault(`${wrong[0]}: wanted a text`);
  const values = Object.fromEntries(entries) as Partial<InstanceContext>; // every value is a text
  const { name, url } = values;
  if (name === undefined || url === undefined) throw fault('wanted name and url');
  return { ...values, name, url: checkedUrl(url, fault) };
}

/** An address of an API without a slash at the end; a password in it would stand in files and lists of processes. */
export function checkedUrl(text: string, fault: (what: string) => CliError): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw fault(`url: found ${JSON.stringify(text)}, wanted http://HOST:PORT or https://HOST:PORT`);
  }
  if (url.username !== '' || url.password !== '')
    throw fault('url: found a user name or password, wanted none');
  return text.replace(/\/+$/, '');
}
