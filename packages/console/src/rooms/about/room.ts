import Icon from 'lucide-react/icons/info';
import type { Room } from '../../room.ts';

/** Versions, licences, and limits with how near they are. */
export const ABOUT: Room = {
  name: 'about',
  title: { en: 'About', zh: '关于' },
  icon: Icon,
  group: 'administer',
  load: () => import('./about-room.tsx'),
};
