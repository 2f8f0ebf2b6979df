import type { User } from '../generated/client.ts';
import { useShared } from '../words/shared.ts';

/** What the first start calls the user that it makes. */
const FIRST_USER = 'Administrator';

/** Tells the name that somebody is shown by; the one that the first start gives is told in the reader's language. */
export function useShownName(): (of: Pick<User, 'name' | 'displayName'>) => string {
  const { roles } = useShared();
  return ({ name, displayName }) => (displayName === FIRST_USER ? roles.admin : displayName || name);
}
