/** How the topics of two filters lie to each other. `contains`: each topic of the second is one of the first too. */
export type FilterRelation = 'apart' | 'overlaps' | 'contains' | 'within' | 'same';

interface Parts {
  readonly levels: readonly string[];
  /** Whether further levels may follow: the filter ends with `#`. */
  readonly isOpen: boolean;
}

/**
 * Judges two valid topic filters without `$share/GROUP/` (MQTT 5, 4.7): `+` is one level, `#` any number of them with the
 * level above it, and a wildcard in the first level matches no topic that begins with `$`.
 */
export function relationOf(first: string, second: string): FilterRelation {
  const [a, b] = [partsOf(first), partsOf(second)];
  const isContaining = covers(a, b);
  const isWithin = covers(b, a);
  if (isContaining && isWithin) return 'same';
  if (isContaining) return 'contains';
  if (isWithin) return 'within';
  return meetOf(first, second) === undefined ? 'apart' : 'overlaps';
}

/** The filter of the topics that are in both; undefined where there are none. */
export function meetOf(first: string, second: string): string | undefined {
  const [a, b] = [partsOf(first), partsOf(second)];
  const [short, long] = a.levels.length <= b.levels.length ? [a, b] : [b, a];
  if (short.levels.length < long.levels.length && !short.isOpen) return undefined;
  const levels: string[] = [];
  for (const [i, level] of long.levels.entries()) {
    const other = short.levels[i] ?? '+';
    if (!isMatch(level, other, i) && !isMatch(other, level, i)) return undefined;
    levels.push(level === '+' ? other : level);
  }
  const isOpen = short.levels.length === long.levels.length ? a.isOpen && b.isOpen : long.isOpen;
  return isOpen ? [...levels, '#'].join('/') : levels.join('/');
}

/** Every topic has a first level, so that `#` is `+/#`. */
function partsOf(filter: string): Parts {
  const levels = filter.split('/');
  const isOpen = levels.at(-1) === '#';
  if (isOpen) levels.pop();
  return { levels: levels.length === 0 ? ['+'] : levels, isOpen };
}

function covers(a: Parts, b: Parts): boolean {
  const isLongEnough = a.isOpen
    ? b.levels.length >= a.levels.length
    : b.levels.length === a.levels.length && !b.isOpen;
  return isLongEnough && a.levels.every((level, i) => isMatch(level, b.levels[i] ?? '', i));
}

/** Whether a level of a filter matches whatever another level does. */
function isMatch(level: string, other: string, index: number): boolean {
  if (level === other) return true;
  return level === '+' && !(index === 0 && other.startsWith('$'));
}
