import Icon from 'lucide-react/icons/plug';
import type { Room } from '../../room.ts';

/** Ready commands for a first device, and the page that sees its first message. */
export const CONNECT: Room = {
  name: 'connect',
  title: { en: 'Connect a device', zh: '接入设备' },
  icon: Icon,
  group: 'connect',
  may: 'telemetry:read',
  load: () => import('./connect-room.tsx'),
};
