import { parseDuration } from '@skerry/kernel';
import { nearestWord } from './nearest-word.ts';

/** One place of a declared document that cannot be taken. */
export interface DocumentFault {
  /** Where, as `spec.stages[1].keep`. */
  readonly path: string;
  /** What stands there and what was wanted, in words. */
  readonly detail: string;
}

/** A part of a document as it was written. */
export type RawObject = Readonly<Record<string, unknown>>;

/** Reads a declared document member by member and gathers every fault, so that all are told at once. */
export class DocumentReader {
  readonly faults: DocumentFault[] = [];

  /** Notes a fault. */
  fault(path: string, detail: string): void {
    this.faults.push({ path, detail });
  }

  /** The value as an object with none but the known members; an empty one where it is not. */
  object(value: unknown, path: string, known: readonly string[]): RawObject {
    if (!isObject(value)) {
      this.fault(path, `found ${show(value)}, wanted an object with ${known.join(', ')}`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = nearestWord(key, known);
      const hint = near === undefined ? `one of ${known.join(', ')}` : `perhaps ${near}`;
      this.fault(join(path, key), `the member is not known here, wanted ${hint}`);
    }
    return value;
  }

  /** A text that is not empty; undefined, and a fault, where it is not one. */
  text(value: unknown, path: string, what: string): string | undefined {
    if (typeof value === 'string' && value !== '') return value;
    this.fault(path, `found ${show(value)}, wanted ${what}`);
    return undefined;
  }

  /** A text, or undefined when it is absent. */
  optionalText(value: unknown, path: string, what: string): string | undefined {
    return value === undefined ? undefined : this.text(value, path, what);
  }

  /** One of the words, or the first when it is absent. */
  choice<const W extends string>(value: unknown, path: string, words: readonly [W, ...W[]]): W {
    if (value === undefined) return words[0];
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    const near = typeof value === 'string' ? nearestWord(value, words) : undefined;
    const hint = near === undefined ? '' : ` (perhaps ${near})`;
    this.fault(path, `found ${show(value)}, wanted one of ${words.join(', ')}${hint}`);
    return words[0];
  }

  /** A truth value, or `fallback` when it is absent. */
  flag(value: unknown, path: string, fallback: boolean): boolean {
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    this.fault(path, `found ${show(value)}, wanted true or false`);
    return fallback;
  }

  /** A duration such as `90s` as written, `fallback` when it is absent. */
  duration(value: unknown, path: string, fallback: string | undefined): string {
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'string' && parseDuration(value) !== undefined) return value;
    this.fault(path, `found ${show(value)}, wanted a duration such as 30s, 5m or 1h30m`);
    return fallback ?? '0s';
  }

  /** A list of texts; empty when it is absent. */
  texts(value: unknown, path: string, what: string): string[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) {
      this.fault(path, `found ${show(value)}, wanted a list of ${what}`);
      return [];
    }
    return value.flatMap((one: unknown, i) => this.text(one, `${path}[${i}]`, what) ?? []);
  }

  /** An object of texts by name; empty when it is absent. */
  textsByName(value: unknown, path: string, what: string): Readonly<Record<string, string>> {
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.fault(path, `found ${show(value)}, wanted an object of ${what} by name`);
      return {};
    }
    const entries = Object.entries(value).flatMap(([name, one]) => {
      const text = this.text(one, join(path, name), what);
      return text === undefined ? [] : [[name, text] as const];
    });
    return Object.fromEntries(entries);
  }
}

/** A value as a fault shows it: JSON, shortened. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function join(path: string, key: string): string {
  const member = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path === '' ? member : `${path}.${member}`;
}
