import Icon from 'lucide-react/icons/sparkles';
import type { Room } from '../../room.ts';

/** Simulated worlds that publish like real ones: start, watch, stop. */
export const SIMULATION: Room = {
  name: 'simulation',
  title: { en: 'Simulation', zh: '模拟' },
  icon: Icon,
  group: 'connect',
  may: 'simulation:change',
  load: () => import('./simulation-room.tsx'),
};
