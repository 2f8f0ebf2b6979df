import { isDotSegment } from '@skerry/model';
import { isSparkplugCommand, type SparkplugTopic } from './decoders/sparkplug-topic.ts';
import { LIMITS } from './limits.ts';
import { matchTemplate, parseTemplate, type TemplateMatch, type TopicTemplate } from './topic-template.ts';

/** How topics are routed. */
export interface RouteConfig {
  /** Topic templates of telemetry; the first that fits wins. */
  readonly templates: readonly string[];
  /** What happens to topics that no template owns. */
  readonly unmatched: 'deadLetter' | 'messaging' | 'refuse';
}

/** Where a topic belongs. `device` and `metricPrefix` only for telemetry. */
export interface Route {
  readonly kind: 'telemetry' | 'dead-letter' | 'messaging' | 'refuse';
  /** Empty unless `telemetry`. */
  readonly tenant: string;
  /** Empty unless `telemetry`. */
  readonly project: string;
  readonly device?: string;
  /** True when the template demands the device, so that the payload has no say. */
  readonly isDeviceRequired?: boolean;
  readonly metricPrefix?: string;
  /** What the levels of a Sparkplug topic say. */
  readonly sparkplug?: SparkplugTopic;
}

/** The templates and the fallback in force unless configured. */
export const DEFAULT_ROUTES: RouteConfig = {
  templates: [
    'mtic/msg/client/realtime/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}',
    'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
  ],
  unmatched: 'messaging',
};

/** The template of telemetry that came over HTTP. It is in force whatever is configured, and owns no other topic. */
export const HTTP_TEMPLATE = '$skerry/telemetry/{tenantId}/{projectId}/{deviceId}';

/** The template of records that another producer put into a Kafka topic of one project, or under the headers of one. It is in force likewise. */
export const KAFKA_TEMPLATE = '$skerry/kafka/{tenantId}/{projectId}';

/** The templates that are in force whatever is configured. */
export const OWN_TEMPLATES: readonly string[] = [HTTP_TEMPLATE, KAFKA_TEMPLATE];

const OWN_PARSED = OWN_TEMPLATES.map(parseTemplate);

/**
 * The routing function of a configuration: pure, remembers up to `routesCachedMax` topics. A template with optional
 * levels owns its whole literal prefix: what lies under it and does not fit is a dead letter. A template without
 * owns exactly the topics that fit, and those that would but for an id `.` or `..`, which are dead letters. Commands and `STATE` of Sparkplug are messaging under a template of it. Of the `$`-topics only those of `OWN_TEMPLATES` are telemetry. Fails with `template-invalid`.
 */
export function compileRoutes(config: RouteConfig): (topic: string) => Route {
  const templates = config.templates.map(parseTemplate);
  const unmatched = unmatchedRoute(config.unmatched);
  let cache = new Map<string, Route>();
  return (topic) => {
    const known = cache.get(topic);
    if (known) return known;
    const route = routeOf(templates, unmatched, topic);
    if (cache.size >= LIMITS.routesCachedMax.value) cache = new Map();
    cache.set(topic, route);
    return route;
  };
}

const DEAD_LETTER: Route = { kind: 'dead-letter', tenant: '', project: '' };
const MESSAGING: Route = { kind: 'messaging', tenant: '', project: '' };
const REFUSE: Route = { kind: 'refuse', tenant: '', project: '' };

function unmatchedRoute(unmatched: RouteConfig['unmatched']): Route {
  if (unmatched === 'deadLetter') return DEAD_LETTER;
  return unmatched === 'messaging' ? MESSAGING : REFUSE;
}

function routeOf(templates: readonly TopicTemplate[], unmatched: Route, topic: string): Route {
  const levels = topic.split('/');
  const spelled = levels.some(isDotSegment)
    ? levels.map((one) => (isDotSegment(one) ? '-' : one))
    : undefined;
  /** It would be telemetry but for a level that is no id: its publisher means it to be stored. */
  const isMeant = (template: TopicTemplate) => spelled !== undefined && matchTemplate(template, spelled);
  if (topic.startsWith('$')) {
    for (const template of OWN_PARSED) {
      const match = matchTemplate(template, levels);
      if (match) return telemetryRoute(match);
    }
    return OWN_PARSED.some(isMeant) ? DEAD_LETTER : MESSAGING;
  }
  let isOwned = false;
  for (const template of templates) {
    if (!template.prefix.every((level, i) => levels[i] === level)) continue;
    if (template.isSparkplug && isSparkplugCommand(levels)) return MESSAGING;
    const match = matchTemplate(template, levels);
    if (match) return telemetryRoute(match);
    if (template.ownsPrefix || isMeant(template)) isOwned = true;
  }
  return isOwned ? DEAD_LETTER : unmatched;
}

function telemetryRoute({ device, ...rest }: TemplateMatch): Route {
  return { kind: 'telemetry', ...rest, ...(device === undefined ? {} : { device }) };
}

/** Tells which template a topic fits, as it is written; undefined for none. Not remembered: for few topics. */
export function compileTemplateOf(texts: readonly string[]): (topic: string) => string | undefined {
  const templates = texts.map(parseTemplate);
  return (topic) => {
    const levels = topic.split('/');
    return templates.find((template) => matchTemplate(template, levels))?.text;
  };
}
