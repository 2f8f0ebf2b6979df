import type { DeviceKey } from './values.ts';

/** What a person or a program can be, widest first. */
export const ROLES = ['admin', 'operator', 'viewer', 'device'] as const;

/** One of the roles. */
export type Role = (typeof ROLES)[number];

/** Everything that somebody can be allowed to do; each belongs to a tenant, a project or a device, or to the platform. */
export const ACTIONS = [
  'telemetry:read',
  'telemetry:write',
  'dead-letters:read',
  'dead-letters:change',
  'ledger:read',
  'ledger:audit',
  'pipeline:read',
  'pipeline:change',
  'messages:publish',
  'messages:subscribe',
  'simulation:change',
  'platform:read',
  'access:read',
  'access:change',
  'audit:read',
] as const;

/** One of the actions. */
export type Action = (typeof ACTIONS)[number];

const OF_VIEWER: readonly Action[] = [
  'telemetry:read',
  'dead-letters:read',
  'ledger:read',
  'pipeline:read',
  'messages:subscribe',
  'platform:read',
];

const OF_OPERATOR: readonly Action[] = [
  ...OF_VIEWER,
  'telemetry:write',
  'dead-letters:change',
  'ledger:audit',
  'pipeline:change',
  'messages:publish',
  'simulation:change',
];

/** What each role may do inside its scope. A device publishes and listens on its own topics and reads nothing else. */
export const ROLE_ACTIONS: Readonly<Record<Role, ReadonlySet<Action>>> = {
  admin: new Set(ACTIONS),
  operator: new Set(OF_OPERATOR),
  viewer: new Set(OF_VIEWER),
  device: new Set(['telemetry:write', 'messages:publish', 'messages:subscribe']),
};

/** A part of what the platform holds; an absent member means all of it. A project stands under its tenant, a device under its project. */
export interface Scope {
  readonly tenant?: string;
  readonly project?: string;
  readonly device?: string;
}

/** The scope that holds everything. */
export const EVERYTHING: Scope = {};

/**
 * Whether an id is `.` or `..`. No tenant, project or device has such a name: clients of HTTP take these levels out of a
 * path, percent-encoded ones too (https://url.spec.whatwg.org/#path-state, RFC 3986 5.2.4), so nobody could ask for it.
 */
export function isDotSegment(id: string): boolean {
  return id === '.' || id === '..';
}

/** What somebody wants of a limit that several share: what is theirs, what is taken in all, and the limit. */
export interface Taking {
  readonly held: number;
  readonly total: number;
  readonly max: number;
}

/** Part of a shared limit that is kept for those who hold little. */
const RESERVE_PART = 8;

/**
 * Whether so many more may be taken of a limit that tenants share. Anybody may while an eighth of the limit stays free;
 * from there on only who holds at most half of what is then free. So one tenant alone has seven eighths, and whoever
 * comes later always finds some.
 */
export function mayTake({ held, total, max }: Taking, count = 1): boolean {
  const free = max - total - count;
  if (count === 0) return true;
  if (free < 0) return false;
  return free >= Math.floor(max / RESERVE_PART) || held + count <= free / 2;
}

/**
 * On whose account a subject takes of shared limits: that of the tenant that all its grants lie in, so that many tokens
 * have no more than one, else its own.
 */
export function ownerOf({ kind, name, grants }: Subject): string {
  const tenant = grants[0]?.tenant;
  const isOfOne = tenant !== undefined && grants.every((grant) => grant.tenant === tenant);
  return isOfOne ? `tenant ${tenant}` : `${kind} ${name}`;
}

/** A role inside a scope. */
export interface Grant extends Scope {
  readonly role: Role;
}

/** Who asks: a signed-in person, a program with a token, this machine's own user, or nobody in particular. */
export interface Subject {
  readonly kind: 'user' | 'token' | 'local' | 'anonymous';
  /** Name as the audit log writes it. */
  readonly name: string;
  readonly grants: readonly Grant[];
}

/** Whether `outer` holds all of `inner`. */
export function covers(outer: Scope, inner: Scope): boolean {
  return (
    (outer.tenant === undefined || outer.tenant === inner.tenant) &&
    (outer.project === undefined || outer.project === inner.project) &&
    (outer.device === undefined || outer.device === inner.device)
  );
}

/** The scopes in which a subject may do something; empty when nowhere. One without members is everything. */
export function scopesOf(subject: Pick<Subject, 'grants'>, action: Action): readonly Scope[] {
  return subject.grants.filter(({ role }) => ROLE_ACTIONS[role].has(action));
}

/**
 * The one device that a subject can write telemetry of; undefined for a subject that can write of more, or of none.
 * Whatever such a subject sends belongs to this device, whichever its topic or payload names.
 */
export function boundDeviceOf(subject: Pick<Subject, 'grants'>): DeviceKey | undefined {
  const scopes = scopesOf(subject, 'telemetry:write');
  const [first] = scopes;
  if (!first) return undefined;
  const { tenant, project, device } = first;
  if (tenant === undefined || project === undefined || device === undefined) return undefined;
  const isOne = scopes.every(
    (scope) => scope.tenant === tenant && scope.project === project && scope.device === device,
  );
  return isOne ? { tenant, project, device } : undefined;
}

/** Whether a subject may do something to all of `target`. Denied unless a grant says so. */
export function isAllowed(subject: Pick<Subject, 'grants'>, action: Action, target: Scope): boolean {
  return subject.grants.some((grant) => ROLE_ACTIONS[grant.role].has(action) && covers(grant, target));
}
