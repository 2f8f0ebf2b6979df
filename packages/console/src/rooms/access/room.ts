import Icon from 'lucide-react/icons/users';
import type { Room } from '../../room.ts';

/** Users, tokens, one's own sign-in, and who may do what. */
export const ACCESS: Room = {
  name: 'access',
  title: { en: 'Access', zh: '访问权限' },
  icon: Icon,
  group: 'administer',
  may: 'telemetry:read',
  knows: ([page, ...more]) =>
    more.length === 0 && (page === undefined || ['users', 'tokens', 'me', 'check'].includes(page)),
  load: () => import('./access-room.tsx'),
};
