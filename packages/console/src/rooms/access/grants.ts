import type { Grant } from '../../generated/client.ts';

/** A grant while it is written: every member is there. */
export interface GrantDraft {
  readonly role: Grant['role'];
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** Roles, widest first. */
export const ROLES = ['admin', 'operator', 'viewer', 'device'] as const;

/** The scope that a draft names: a project only with its tenant, a device only with its project. */
export function scopeOf({ tenant, project, device }: Omit<GrantDraft, 'role'>): Omit<Grant, 'role'> {
  const [t, p, d] = [tenant.trim(), project.trim(), device.trim()];
  if (t === '') return {};
  if (p === '') return { tenant: t };
  return d === '' ? { tenant: t, project: p } : { tenant: t, project: p, device: d };
}

/** The grant of a draft. */
export function grantOf(draft: GrantDraft): Grant {
  return { role: draft.role, ...scopeOf(draft) };
}

/** A draft of a grant. */
export function draftOf({ role, tenant = '', project = '', device = '' }: Grant): GrantDraft {
  return { role, tenant, project, device };
}

/** A scope in words, empty where it is everything. */
export function scopeText({ tenant, project, device }: Omit<Grant, 'role'>): string {
  return [tenant, project, device].filter((part) => part !== undefined).join(' / ');
}
