import { judgeTopicFilter } from '../broker/topic-filter.ts';
import { MqttError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { encodeUtf8 } from '../utf8.ts';
import type { SubscriberOptions } from './subscriber-options.ts';

const BOUNDS = { topicBytesMax: 65_535, topicLevelsMax: Number.POSITIVE_INFINITY };
const SHARED = /^\$share\/([^/+#]+)\/(.+)$/s;

/** Throws `client-id-invalid` or `topic-filter-invalid` for options that no broker can serve. */
export function checkOptions({ clientId, filters }: SubscriberOptions): void {
  if (clientId === '')
    throw new MqttError('client-id-invalid', 'The client identifier is empty; a session needs one.');
  if (encodeUtf8(clientId).byteLength > 65_535)
    throw new MqttError('client-id-invalid', 'The client identifier is longer than 65,535 bytes.');
  const most = LIMITS.subscriberFiltersMax.value;
  if (filters.length === 0 || filters.length > most)
    throw new MqttError(
      'topic-filter-invalid',
      `There are ${filters.length} topic filters; 1 to ${most} are wanted.`,
    );
  const seen = new Set<string>();
  for (const { filter } of filters) {
    checkFilter(filter);
    if (seen.has(filter))
      throw new MqttError(
        'topic-filter-invalid',
        `The topic filter ${JSON.stringify(filter)} is there twice.`,
      );
    seen.add(filter);
  }
}

/** Whether a filter asks for a share of the messages. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith('$share/');
}

/** Whether a filter has a wildcard. */
export function isWildcardFilter(filter: string): boolean {
  return /[+#]/.test(filter);
}

function checkFilter(filter: string): void {
  const plain = isSharedFilter(filter) ? (SHARED.exec(filter)?.[2] ?? '') : filter;
  const verdict = judgeTopicFilter(plain, BOUNDS);
  if (verdict === 'valid') return;
  throw new MqttError(
    'topic-filter-invalid',
    `The topic filter ${JSON.stringify(filter.slice(0, 200))} is ${verdict}; levels with + or # alone, # last, or $share/GROUP/FILTER are wanted.`,
  );
}
