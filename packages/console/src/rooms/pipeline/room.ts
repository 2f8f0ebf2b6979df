import Icon from 'lucide-react/icons/workflow';
import type { Room } from '../../room.ts';

/** Declared stages: what they do now, trying them out, and putting them in force. */
export const PIPELINE: Room = {
  name: 'pipeline',
  title: { en: 'Pipeline', zh: '处理管线' },
  icon: Icon,
  group: 'process',
  may: 'pipeline:read',
  knows: ([kind, name, ...more]) =>
    kind === undefined || (kind === 'new' && name === undefined)
      ? true
      : ['pipelines', 'tables'].includes(kind) && name !== undefined && more.length === 0,
  load: () => import('./pipeline-room.tsx'),
};
