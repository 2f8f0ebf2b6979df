import Icon from 'lucide-react/icons/sliders-horizontal';
import type { Room } from '../../room.ts';

/** The configuration in force: each value, where it comes from, and how it is changed. */
export const SETTINGS: Room = {
  name: 'settings',
  title: { en: 'Settings', zh: '设置' },
  icon: Icon,
  group: 'administer',
  may: 'platform:read',
  load: () => import('./settings-room.tsx'),
};
