import type { Subject } from '@skerry/model';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { LiveFilter } from '../../platform.ts';
import { intersect, narrowingOf } from '../../scoping.ts';

/** What an event stream was asked for. */
export interface Subscriptions {
  readonly overview: boolean;
  readonly points: readonly LiveFilter[];
}

/** What is said of a subscription to what cannot be seen. */
export const REFUSED_TOPIC = 'a subscription names what cannot be seen';

const PARTS = ['tenant', 'project', 'device', 'metric'] as const;

/**
 * What of the subscriptions lies in the subject's scope, and the texts of those that lie outside: they are refused one
 * by one. Fails with `not-found` where nothing is left to be sent.
 */
export function narrowedSubscriptions(
  texts: readonly string[],
  subject: Subject,
): Subscriptions & { readonly refused: readonly string[] } {
  const { overview, points } = readSubscriptions(texts);
  const scopes = narrowingOf(subject, 'telemetry:read');
  const inside = points.map((filter) => intersect(filter, scopes));
  const refused = texts.filter((text) => text !== 'overview').filter((_, at) => inside[at]?.length === 0);
  if (refused.length === texts.length) throw new ApiError('not-found', REFUSED_TOPIC);
  return { overview, points: inside.flat(), refused };
}

/** Reads what `subscribe` asks for. Fails with `invalid-request` naming the entry. */
function readSubscriptions(texts: readonly string[]): Subscriptions {
  let overview = false;
  const points: LiveFilter[] = [];
  for (const [index, text] of texts.entries()) {
    if (text === 'overview') overview = true;
    else points.push(readPoints(text, index));
  }
  return { overview, points };
}

function readPoints(text: string, index: number): LiveFilter {
  const pointer = `#/subscribe/${index}`;
  if (!text.startsWith('points')) {
    throw invalidRequest({ in: 'query', pointer, detail: 'is neither `overview` nor `points:…`' });
  }
  const raw = text === 'points' || text === 'points:' ? [] : text.slice('points:'.length).split('/');
  if (raw.length > PARTS.length || (raw.length > 0 && text[6] !== ':')) {
    throw invalidRequest({ in: 'query', pointer, detail: 'is not `points:tenant/project/device/metric`' });
  }
  const filter: { -readonly [K in keyof LiveFilter]: LiveFilter[K] } = {};
  for (const [at, part] of raw.entries()) {
    const name = PARTS[at];
    if (name && part !== '*') filter[name] = decodePart(part, pointer);
  }
  return filter;
}

function decodePart(part: string, pointer: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidRequest({ in: 'query', pointer, detail: 'is not valid percent-encoding' });
  }
}
