import type { DocumentFault, StagesDocument } from '@skerry/model';

/** Kinds of declared documents. */
export type DocumentKind = StagesDocument['kind'];

/** What a record of the kind `pipeline` asks for; its payload is this as JSON. */
export interface StageChange {
  /** Chosen by who asks, so that the outcome can be found. */
  readonly id: string;
  readonly action: 'apply' | 'undo' | 'remove';
  readonly kind: DocumentKind;
  readonly name: string;
  /** Tenant and project that the document is about; older versions did not say, a name was unique then. */
  readonly scope?: { readonly tenant?: string; readonly project?: string };
  /** The document, for `apply`. */
  readonly document?: unknown;
  /** Offset of the version that is in force as the asker knows it; -1 for none. Another one refuses the change. */
  readonly expected?: number;
}

/** What became of a change. */
export interface ChangeOutcome {
  readonly id: string;
  readonly state: 'done' | 'unchanged' | 'conflict' | 'not-found' | 'refused';
  /** Why not, in words; empty when it was done. */
  readonly detail: string;
  readonly faults: readonly DocumentFault[];
  /** Number of the version in force now; 0 for none. */
  readonly version: number;
  /** Offset of the record that put it in force; -1 for none. */
  readonly offset: number;
}

/** One version of a declared document. */
export interface DocumentVersion {
  /** 1, 2, 3, … */
  readonly version: number;
  /** Offset of the record that asked for it: from there on it is in force. */
  readonly offset: number;
  readonly changedMicros: number;
  readonly author: string;
  readonly action: StageChange['action'];
  /** What is in force from there on; undefined when nothing is. */
  readonly document: StagesDocument | undefined;
  /** The version whose document this one has: its own number, or that of an older one after an undo. */
  readonly of: number;
}

/** Reads the payload of a record; undefined for what no build of this version wrote. */
export function readChange(payload: Uint8Array): StageChange | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, action, kind, name, scope, document, expected } = value as Partial<
    Record<keyof StageChange, unknown>
  >; // each is checked below
  if (typeof id !== 'string' || typeof name !== 'string') return undefined;
  if (action !== 'apply' && action !== 'undo' && action !== 'remove') return undefined;
  if (kind !== 'Pipeline' && kind !== 'LookupTable') return undefined;
  return {
    id,
    action,
    kind,
    name,
    document,
    ...(typeof expected === 'number' ? { expected } : {}),
    ...(typeof scope === 'object' && scope !== null ? { scope: scopeIn(scope) } : {}),
  };
}

function scopeIn(scope: object): NonNullable<StageChange['scope']> {
  const { tenant, project } = scope as { readonly tenant?: unknown; readonly project?: unknown }; // each is checked here
  return {
    ...(typeof tenant === 'string' ? { tenant } : {}),
    ...(typeof project === 'string' ? { project } : {}),
  };
}
