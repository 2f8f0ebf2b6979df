import { PipelineError } from '@skerry/pipeline/errors';
import { parseTemplate } from '@skerry/pipeline/topic-template';
import { listenerFaults } from './listener-rules.ts';
import { configLeaves } from './schema.ts';

/** Reads a value of a configuration by its path, `http.port`; undefined where there is none. */
export type LookUp = (path: string) => unknown;

/**
 * What no schema can say: listeners that show secrets (`listener-rules.ts`), topic templates that cannot be read, and listeners that ask for the same port. Values of
 * another type than the schema wants are left to its faults.
 */
export function ruleFaults(lookUp: LookUp): string[] {
  return [...listenerFaults(lookUp), ...templateFaults(lookUp('routing.telemetry')), ...portFaults(lookUp)];
}

function templateFaults(templates: unknown): string[] {
  if (!Array.isArray(templates)) return [];
  return templates.flatMap((template: unknown, i) => {
    const fault = typeof template === 'string' && template !== '' ? faultOfTemplate(template) : undefined;
    return fault === undefined ? [] : [`routing.telemetry.${i}: found ${JSON.stringify(template)}; ${fault}`];
  });
}

function faultOfTemplate(template: string): string | undefined {
  try {
    parseTemplate(template);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof PipelineError)) throw cause;
    return cause.message;
  }
}

interface Listener {
  readonly path: string;
  readonly address: string;
}

function portFaults(lookUp: LookUp): string[] {
  const taken: Listener[] = [];
  return configLeaves().flatMap(({ path }) => {
    const port = path.endsWith('.port') ? lookUp(path) : undefined;
    if (typeof port !== 'number' || port === 0) return [];
    const address = `${hostOf(path, lookUp)} port ${port}`;
    const other = taken.find((one) => one.address === address);
    taken.push({ path, address });
    return other ? [`${path}: found ${port}, wanted another port than ${other.path} on the same host`] : [];
  });
}

/** The host beside a port, or further up where listeners share one. */
function hostOf(path: string, lookUp: LookUp): string {
  const keys = path.split('.').slice(0, -1);
  for (; keys.length > 0; keys.pop()) {
    const host = lookUp([...keys, 'host'].join('.'));
    if (typeof host === 'string') return host === 'localhost' ? '127.0.0.1' : host;
  }
  return '';
}
