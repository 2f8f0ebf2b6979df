import Icon from 'lucide-react/icons/layout-dashboard';
import type { Room } from '../../room.ts';

/** Problems first, then rates, delay, backlog, ledger and disk of the whole node. */
export const OVERVIEW: Room = {
  name: '',
  title: { en: 'Overview', zh: '概览' },
  icon: Icon,
  group: 'watch',
  may: 'platform:read',
  load: () => import('./overview-room.tsx'),
};
