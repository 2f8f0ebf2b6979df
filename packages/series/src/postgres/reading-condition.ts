import type { Scope } from '@skerry/model';
import { storable } from './postgres-values.ts';

/** A WHERE clause that grows with its values. */
export class Condition {
  readonly values: unknown[] = [];
  readonly #parts: string[] = [];

  /** The clause; TRUE without parts. */
  get text(): string {
    return this.#parts.length === 0 ? 'TRUE' : this.#parts.join(' AND ');
  }

  /** A value's place in the statement. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }

  /** Adds a part. */
  add(part: string): void {
    this.#parts.push(`(${part})`);
  }

  /** Columns that have to equal what is given. */
  equal(asked: Readonly<Record<string, unknown>>, names: readonly string[], table = ''): void {
    for (const name of names) {
      const wanted = asked[name];
      if (typeof wanted === 'string') this.add(`${table}${name} = ${this.value(storable(wanted))}`);
    }
  }

  /** What lies in one of the scopes; nothing narrows where they are absent. */
  within(scopes: readonly Scope[] | undefined, table = ''): void {
    if (!scopes) return;
    const parts = scopes.map((scope) => {
      const names = (['tenant', 'project', 'device'] as const).filter((name) => scope[name] !== undefined);
      const equal = names.map((name) => `${table}${name} = ${this.value(storable(scope[name] ?? ''))}`);
      return equal.length === 0 ? 'TRUE' : `(${equal.join(' AND ')})`;
    });
    this.add(parts.length === 0 ? 'FALSE' : parts.join(' OR '));
  }
}
