/** What a topic filter is worth; `shared` is one of `$share/…`, whatever follows. */
export type FilterVerdict = 'valid' | 'invalid' | 'shared' | 'too-long' | 'too-deep';

/** What a topic name is worth. */
export type TopicVerdict = 'valid' | 'invalid' | 'too-long' | 'too-deep';

/** Bounds of a topic name or filter. */
export interface TopicBounds {
  readonly topicBytesMax: number;
  readonly topicLevelsMax: number;
}

const SHARED = /^\$share(\/|$)/;

/** Judges a topic filter: `#` last and alone in its level, `+` alone in its level [MQTT-4.7.1-1, -2], not empty [MQTT-4.7.3-1]. */
export function judgeTopicFilter(filter: string, bounds: TopicBounds): FilterVerdict {
  if (SHARED.test(filter)) return 'shared';
  const size = judgeSize(filter, bounds);
  if (size !== 'valid') return size;
  const levels = filter.split('/');
  const last = levels.length - 1;
  const isGood = levels.every((level, index) => {
    if (level === '#') return index === last;
    return level === '+' || !(level.includes('#') || level.includes('+'));
  });
  return isGood ? 'valid' : 'invalid';
}

/** Judges a topic name: not empty, no wildcard [MQTT-3.3.2-2]. */
export function judgeTopicName(topic: string, bounds: TopicBounds): TopicVerdict {
  if (topic.includes('#') || topic.includes('+')) return 'invalid';
  return judgeSize(topic, bounds);
}

/** Whether a valid filter matches a topic name [MQTT-4.7]. The slow way, one pair at a time; trees answer for many. */
export function filterMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const levels = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false; // [MQTT-4.7.2-1]
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] === '#') return true;
    if (index >= levels.length) return false;
    if (wanted[index] !== '+' && wanted[index] !== levels[index]) return false;
  }
  return wanted.length === levels.length;
}

function judgeSize(text: string, bounds: TopicBounds): TopicVerdict {
  if (text.length === 0) return 'invalid';
  if (text.length > bounds.topicBytesMax || Buffer.byteLength(text) > bounds.topicBytesMax) return 'too-long';
  let levels = 1;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) levels++;
  return levels > bounds.topicLevelsMax ? 'too-deep' : 'valid';
}
