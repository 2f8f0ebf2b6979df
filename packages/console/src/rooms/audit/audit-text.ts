import type { AuditEntry, Grant } from '../../generated/client.ts';

const COLUMNS = ['n', 'time', 'author', 'action', 'target', 'outcome', 'from', 'detail', 'count'] as const;

/** Entries as CSV (RFC 4180) with a header line. A text that a spreadsheet would run as a formula gets an apostrophe. */
export function auditCsv(entries: readonly AuditEntry[]): string {
  const rows = entries.map((entry) => COLUMNS.map((column) => cell(entry[column])).join(','));
  return `${[COLUMNS.join(','), ...rows].join('\r\n')}\r\n`;
}

/** Entries as JSON, a line each. */
export function auditNdjson(entries: readonly AuditEntry[]): string {
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const ROLES: readonly unknown[] = ['admin', 'operator', 'viewer', 'device'] satisfies Grant['role'][];

/** The grants that the facts of an entry are, undefined when they are something else. */
export function grantsIn(detail: string): readonly Grant[] | undefined {
  if (!detail.startsWith('[{"role":')) return undefined;
  try {
    const value: unknown = JSON.parse(detail);
    const isGrants =
      Array.isArray(value) && value.every((one) => typeof one === 'object' && ROLES.includes(one?.role));
    return isGrants ? value : undefined;
  } catch {
    return undefined; // facts that were cut off are shown as they are
  }
}

/** What an entry is about, as `User/ann`, `Pipeline plausible` or `letter 17` say it; the kind is empty where none is known. */
export function targetOf(
  target: string,
  kinds: Readonly<Record<string, string>>,
): { readonly kind: string; readonly name: string } {
  const [, word = '', name = ''] = /^([A-Za-z]+)[/ ](.+)$/.exec(target) ?? [];
  const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  return kind === undefined ? { kind: '', name: target } : { kind, name };
}

/** The code of a fault that the facts of an entry are, alone or behind a name: `ann: sign-in-refused`. */
export function codeIn(detail: string): { readonly name: string; readonly code: string } | undefined {
  const [, name = '', code] = /^(?:(.{1,200}): )?([a-z]+(?:-[a-z]+)+)$/.exec(detail) ?? [];
  return code === undefined ? undefined : { name, code };
}
