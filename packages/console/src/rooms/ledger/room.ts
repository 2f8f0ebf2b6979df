import Icon from 'lucide-react/icons/scale';
import type { Room } from '../../room.ts';

/** The running account of every record, and gaps in the numbering of devices. */
export const LEDGER: Room = {
  name: 'ledger',
  title: { en: 'Ledger', zh: '账目' },
  icon: Icon,
  group: 'process',
  may: 'ledger:read',
  load: () => import('./ledger-room.tsx'),
};
