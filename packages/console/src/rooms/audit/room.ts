import Icon from 'lucide-react/icons/scroll-text';
import type { Room } from '../../room.ts';

/** Who did what, in a log that tells when it was changed. */
export const AUDIT: Room = {
  name: 'audit',
  title: { en: 'Audit', zh: '审计日志' },
  icon: Icon,
  group: 'administer',
  may: 'audit:read',
  load: () => import('./audit-room.tsx'),
};
