import { type Grant, ROLES } from '@skerry/model';
import { CliError } from '../errors.ts';
import type { Flag } from './verb.ts';

/** The flag that names grants. */
export const GRANTS_FLAG: Flag = {
  name: 'grants',
  type: 'text',
  value: 'GRANTS',
  what: `Grants by commas: ROLE for everything, or ROLE@TENANT, ROLE@TENANT/PROJECT, ROLE@TENANT/PROJECT/DEVICE; roles: ${ROLES.join(', ')}. Parts may be percent-encoded.`,
};

/** A grant as the API tells it. */
type ToldGrant = { readonly role: Grant['role'] } & {
  readonly [K in 'tenant' | 'project' | 'device']?: string | undefined;
};

/** Reads grants as the flag writes them. Fails with `usage`. */
export function parseGrants(text: string): Grant[] {
  return text.split(',').map((part) => parseGrant(part.trim()));
}

/** A grant as the flag writes it. */
export function grantText({ role, tenant, project, device }: ToldGrant): string {
  const scope = [tenant, project, device].flatMap((part) =>
    part === undefined ? [] : [encodeURIComponent(part)],
  );
  return scope.length === 0 ? role : `${role}@${scope.join('/')}`;
}

function parseGrant(text: string): Grant {
  const [word = '', scope] = text.split('@', 2);
  const role = ROLES.find((one) => one === word);
  const parts = scope === undefined ? [] : scope.split('/').map(decoded);
  if (role === undefined || parts.length > 3 || parts.includes('')) {
    throw new CliError(
      'usage',
      `--grants: found ${JSON.stringify(text)}, wanted ROLE or ROLE@TENANT/PROJECT/DEVICE (from the left as far as wanted) with a role of ${ROLES.join(', ')}.`,
    );
  }
  const [tenant, project, device] = parts;
  return {
    role,
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(device === undefined ? {} : { device }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return ''; // refused by the caller, which knows the whole grant
  }
}
