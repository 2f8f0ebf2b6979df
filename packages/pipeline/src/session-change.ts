import type { ClientWay, Scope } from '@skerry/model';

/** What a session record says (docs/formats/segment.md). */
export type SessionChange =
  | { readonly kind: 'started' }
  | (ClientWay & {
      readonly kind: 'connected' | 'disconnected';
      readonly reason: string;
      readonly user: string;
      /** Where the subject may write telemetry; undefined when the record does not tell. */
      readonly scopes: readonly Scope[] | undefined;
    });

/** Reads the payload of a session record; undefined when it is none. */
export function readSessionChange(payload: Uint8Array): SessionChange | undefined {
  const fields = fieldsOf(payload);
  const kind = fields?.kind;
  if (!fields || kind === 'started') return fields && { kind: 'started' };
  if (kind !== 'connected' && kind !== 'disconnected') return undefined;
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    kind,
    reason: text('reason'),
    user: text('user'),
    remote: text('remote'),
    protocol: text('protocol'),
    listener: text('listener'),
    isEncrypted: fields.isEncrypted === true,
    scopes: Array.isArray(fields.scopes) ? fields.scopes.flatMap(scopeOf) : undefined,
  };
}

function fieldsOf(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  let found: unknown;
  try {
    found = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined; // whoever wrote it, it is no session record
  }
  return typeof found === 'object' && found !== null ? { ...found } : undefined;
}

/** A scope, or nothing where it cannot be read: a scope of everything must be said, as `{}`. */
function scopeOf(found: unknown): readonly Scope[] {
  if (typeof found !== 'object' || found === null) return [];
  const fields: Readonly<Record<string, unknown>> = { ...found };
  const names = ['tenant', 'project', 'device'] as const;
  if (names.some((name) => fields[name] !== undefined && typeof fields[name] !== 'string')) return [];
  return [
    Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]))),
  ];
}
