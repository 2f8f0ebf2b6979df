import Icon from 'lucide-react/icons/cpu';
import type { Room } from '../../room.ts';

/** The devices with how fresh they are, and one device with everything it sends. */
export const DEVICES: Room = {
  name: 'devices',
  title: { en: 'Devices', zh: '设备' },
  icon: Icon,
  group: 'watch',
  may: 'telemetry:read',
  knows: (rest) => rest.length === 0 || rest.length === 3,
  load: () => import('./devices-room.tsx'),
};
