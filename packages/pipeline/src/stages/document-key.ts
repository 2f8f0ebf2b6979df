import type { StagesDocument } from '@skerry/model';
import type { DocumentKind, StageChange } from './stage-change.ts';

/** Whose a document is: the tenant and project that its `match` names; an absent one means all. */
export interface DocumentScope {
  readonly tenant?: string;
  readonly project?: string;
}

/** A document as others tell it apart: its name is unique among its kind inside of its scope. */
export interface DocumentPlace {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly scope: DocumentScope;
}

/** The scope of what a document is about. */
export function scopeOf({ tenant, project }: DocumentScope): DocumentScope {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
  };
}

/** Where a document stands. */
export function placeOf({ kind, metadata, spec }: StagesDocument): DocumentPlace {
  return { kind, name: metadata.name, scope: scopeOf(spec.match) };
}

/** The key of a place: `{kind}/{tenant}/{project}/{name}` with escaped ids. */
export function documentKey({ kind, name, scope: { tenant = '', project = '' } }: DocumentPlace): string {
  return [kind, escaped(tenant), escaped(project), name].join('/');
}

function escaped(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

/** The key of a document. */
export function keyOf(document: StagesDocument): string {
  return documentKey(placeOf(document));
}

/**
 * The place that a key of rows names. `scope` is undefined for the keys of older versions, `{kind}/{name}`, in which a
 * name was unique on the node.
 */
export function placeIn(
  key: string,
): Omit<DocumentPlace, 'scope'> & { readonly scope: DocumentScope | undefined } {
  const [word, ...rest] = key.split('/');
  const kind: DocumentKind = word === 'Pipeline' ? 'Pipeline' : 'LookupTable';
  const [tenant = '', project = '', name = ''] = rest;
  if (rest.length < 3) return { kind, name: tenant, scope: undefined };
  return {
    kind,
    name,
    scope: {
      ...(tenant === '' ? {} : { tenant: decodeURIComponent(tenant) }),
      ...(project === '' ? {} : { project: decodeURIComponent(project) }),
    },
  };
}

/** The scope that a change is about; undefined for a change of an older version that does not say. */
export function scopeOfChange({ scope, document }: StageChange): DocumentScope | undefined {
  if (scope) return scopeOf(scope);
  // looked at as what came off the disk
  const match: unknown = (document as { readonly spec?: { readonly match?: unknown } } | undefined)?.spec
    ?.match;
  if (document === undefined || document === null) return undefined;
  if (typeof match !== 'object' || match === null) return {};
  const { tenant, project } = match as { readonly tenant?: unknown; readonly project?: unknown }; // each is checked here
  return {
    ...(typeof tenant === 'string' ? { tenant } : {}),
    ...(typeof project === 'string' ? { project } : {}),
  };
}
