import Icon from 'lucide-react/icons/mail-warning';
import type { Room } from '../../room.ts';

/** Records that could not be processed, and what to do with them. */
export const DEAD_LETTERS: Room = {
  name: 'dead-letters',
  title: { en: 'Dead letters', zh: '死信' },
  icon: Icon,
  group: 'process',
  may: 'dead-letters:read',
  knows: (rest) => rest.length === 0 || (rest.length === 1 && /^\d+$/.test(rest[0] ?? '')),
  load: () => import('./dead-letters-room.tsx'),
};
