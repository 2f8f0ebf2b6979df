import { nearestWord } from '@skerry/model';

const TIMESTAMP = 'google.protobuf.Timestamp';

/** What an expression can name, with its type in CEL. */
export const VARIABLES = [
  { name: 'tenant', type: 'string' },
  { name: 'project', type: 'string' },
  { name: 'device', type: 'string' },
  { name: 'topic', type: 'string' },
  { name: 'metrics', type: 'map<string, dyn>' },
  { name: 'attributes', type: 'map<string, string>' },
  { name: 'time', type: TIMESTAMP },
  { name: 'received', type: TIMESTAMP },
] as const;

/** Functions an expression may call, with the numbers of arguments beside the receiver. */
export const FUNCTIONS: ReadonlyMap<string, readonly number[]> = new Map([
  ['has', [1]],
  ['size', [0, 1]],
  ['string', [1]],
  ['int', [1]],
  ['uint', [1]],
  ['double', [1]],
  ['bool', [1]],
  ['dyn', [1]],
  ['type', [1]],
  ['timestamp', [1]],
  ['duration', [1]],
  ['startsWith', [1]],
  ['endsWith', [1]],
  ['contains', [1]],
  ['lowerAscii', [0]],
  ['upperAscii', [0]],
  ['trim', [0]],
  ['indexOf', [1, 2]],
  ['lastIndexOf', [1, 2]],
  ['substring', [1, 2]],
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['map', [2, 3]],
  ['filter', [2]],
  ['bind', [3]],
  ['getFullYear', [0]],
  ['getMonth', [0]],
  ['getDate', [0]],
  ['getDayOfMonth', [0]],
  ['getDayOfWeek', [0]],
  ['getDayOfYear', [0]],
  ['getHours', [0]],
  ['getMinutes', [0]],
  ['getSeconds', [0]],
  ['getMilliseconds', [0]],
  ['abs', [1]],
  ['floor', [1]],
  ['ceil', [1]],
  ['round', [1]],
  ['sqrt', [1]],
  ['min', [2]],
  ['max', [2]],
  ['pow', [2]],
]);

/** Functions that go through a list or a map, once per item. */
export const LOOPS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** What is wanted instead of an unknown variable, in words. */
export function nearestVariable(summary: string, hasValue: boolean): string {
  const names: string[] = VARIABLES.map(({ name }) => name);
  if (hasValue) names.push('value');
  const found = /: ([\w.]+)$/.exec(summary)?.[1] ?? '';
  const near = nearestWord(found, names);
  return near === undefined ? `; wanted one of ${names.join(', ')}` : `; perhaps ${near}`;
}
