import {
  type Action,
  covers,
  EVERYTHING,
  isAllowed,
  type Scope,
  type Subject,
  scopesOf,
} from '@skerry/model';

/** A narrowing by name; an absent member narrows nothing. */
export type Narrowing = Scope;

/** Scopes that a list is narrowed to; undefined: no narrowing. Never empty: who may nowhere was refused before. */
export function narrowingOf(subject: Subject, action: Action): readonly Scope[] | undefined {
  const scopes = scopesOf(subject, action).map(plainScope);
  return scopes.some((scope) => covers(scope, EVERYTHING)) ? undefined : scopes;
}

/** The member `scopes` of a query of the platform: absent where the subject sees everything. */
export function scopesFor(subject: Subject, action: Action): { readonly scopes?: readonly Scope[] } {
  const scopes = narrowingOf(subject, action);
  return scopes === undefined ? {} : { scopes };
}

/** What a narrowing and each scope have in common: where they contradict each other, nothing. */
export function intersect<N extends Narrowing>(narrowing: N, scopes: readonly Scope[] | undefined): N[] {
  if (scopes === undefined) return [narrowing];
  return scopes.flatMap((scope) => {
    const isApart = PARTS.some(
      (part) => scope[part] !== undefined && narrowing[part] !== undefined && scope[part] !== narrowing[part],
    );
    return isApart ? [] : [{ ...narrowing, ...scope }];
  });
}

const PARTS = ['tenant', 'project', 'device'] as const;

/** Whether the subject may do something to everything of the platform. */
export function isForAll(subject: Subject, action: Action): boolean {
  return isAllowed(subject, action, EVERYTHING);
}

function plainScope({ tenant, project, device }: Scope): Scope {
  return {
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(device === undefined ? {} : { device }),
  };
}
