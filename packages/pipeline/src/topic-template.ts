import { isDotSegment } from '@skerry/model';
import { readSparkplugTopic, SPARKPLUG_NAMESPACE, type SparkplugTopic } from './decoders/sparkplug-topic.ts';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';

/**
 * A parsed topic template. Grammar, by levels: literals, then `{tenantId}`, `{projectId}`, `{deviceId}` in any order
 * among further literals; `{name?}` is optional and only followed by optional ones; `{metricPrefix?…}` (or `...`)
 * takes all levels that are left. Behind the last level `{tenantId=acme}` and `{projectId=plant}` fix what no level names.
 * A template with `{messageType}` is one of Sparkplug:
 * `spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}`, where the group may be the tenant or the project as well.
 */
export interface TopicTemplate {
  readonly text: string;
  readonly constants: Readonly<Partial<Record<Constant, string>>>;
  readonly isSparkplug: boolean;
  /** Levels before the first variable. */
  readonly prefix: readonly string[];
  readonly levels: readonly TemplateLevel[];
  /** True when a template owns its whole literal prefix: it ends in optional levels. */
  readonly ownsPrefix: boolean;
}

/** One level: a literal, or a variable. */
export interface TemplateLevel {
  readonly literal: string | undefined;
  readonly variable: Variable | undefined;
  readonly isOptional: boolean;
  readonly isRest: boolean;
}

/** What a template can take from a topic. */
export type Variable = (typeof VARIABLES)[number];

/** What a template can fix for all its topics. */
export type Constant = 'tenantId' | 'projectId';

/** What a fitting topic holds. */
export interface TemplateMatch {
  readonly tenant: string;
  readonly project: string;
  readonly device: string | undefined;
  readonly isDeviceRequired: boolean;
  /** Levels of the metric prefix joined by dots; empty without one. */
  readonly metricPrefix: string;
  /** What a Sparkplug topic says. */
  readonly sparkplug?: SparkplugTopic;
}

const VARIABLES = [
  'tenantId',
  'projectId',
  'deviceId',
  'metricPrefix',
  'groupId',
  'messageType',
  'edgeNodeId',
] as const;

const CONSTANTS = /(?:\{(?:tenantId|projectId)=[^{}/]*\})+$/;

/** Reads a template; fails with `template-invalid`. */
export function parseTemplate(text: string): TopicTemplate {
  const constants = constantsOf(text);
  const written = text.replace(CONSTANTS, '').split('/');
  const levels = written.map((level) => parseLevel(text, level));
  const variables = levels.flatMap((level) => level.variable ?? []);
  for (const needed of ['tenantId', 'projectId'] as const) {
    const level = levels.find((one) => one.variable === needed);
    if (level && constants[needed] !== undefined) throw invalid(text, `{${needed}} is a level and fixed too`);
    if (constants[needed] === undefined && (!level || level.isOptional))
      throw invalid(text, `{${needed}} is missing or optional`);
  }
  if (new Set(variables).size !== variables.length) throw invalid(text, 'a variable is there twice');
  const firstOptional = levels.findIndex((level) => level.isOptional);
  const behind = firstOptional < 0 ? [] : levels.slice(firstOptional);
  if (behind.some((level) => !level.isOptional))
    throw invalid(text, 'an optional level is followed by one that is not');
  if (levels.slice(0, -1).some((level) => level.isRest))
    throw invalid(text, 'a level follows the one that takes the rest');
  const firstVariable = levels.findIndex((level) => level.variable);
  const literals = firstVariable < 0 ? levels : levels.slice(0, firstVariable);
  const prefix = literals.map((level) => level.literal ?? '');
  if (prefix.length === 0 || prefix[0] === '') throw invalid(text, 'it does not begin with a literal level');
  const isSparkplug = variables.some((one) => SPARKPLUG_VARIABLES.includes(one));
  if (isSparkplug) checkSparkplug(text, written);
  return { text, prefix, levels, constants, isSparkplug, ownsPrefix: firstOptional >= 0 };
}

const SPARKPLUG_VARIABLES: readonly Variable[] = ['groupId', 'messageType', 'edgeNodeId'];

function checkSparkplug(template: string, levels: readonly string[]): void {
  const [namespace, group = '', type, node, device] = levels;
  const isFitting =
    levels.length === 5 &&
    namespace === SPARKPLUG_NAMESPACE &&
    (['{groupId}', '{tenantId}', '{projectId}'].includes(group) || !group.includes('{')) &&
    type === '{messageType}' &&
    node === '{edgeNodeId}' &&
    device === '{deviceId?}';
  if (!isFitting)
    throw invalid(
      template,
      `one of Sparkplug is ${SPARKPLUG_NAMESPACE}/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}, with the tenant or project in the place of the group or behind it`,
    );
}

function constantsOf(template: string): TopicTemplate['constants'] {
  const constants: Partial<Record<Constant, string>> = {};
  const [text = ''] = CONSTANTS.exec(template) ?? [];
  for (const [, name, value = ''] of text.matchAll(/\{(\w+)=([^{}/]*)\}/g)) {
    const constant = name === 'tenantId' ? 'tenantId' : 'projectId';
    if (constants[constant] !== undefined) throw invalid(template, `{${constant}} is fixed twice`);
    if (!isValidId(value)) throw invalid(template, `${JSON.stringify(value)} cannot be an id`);
    constants[constant] = value;
  }
  return constants;
}

/** What `levels` of a topic hold by the template; undefined when they do not fit. */
export function matchTemplate(template: TopicTemplate, levels: readonly string[]): TemplateMatch | undefined {
  const found: Partial<Record<Variable, string>> = { ...template.constants };
  let isDeviceRequired = false;
  let at = 0;
  for (const level of template.levels) {
    if (level.isRest) {
      const rest = levels.slice(at);
      if (rest.some((one) => one === '')) return undefined;
      found.metricPrefix = rest.join('.');
      at = levels.length;
      break;
    }
    const value = levels[at];
    if (value === undefined) {
      if (level.isOptional) break;
      return undefined;
    }
    if (level.literal !== undefined && level.literal !== value) return undefined;
    if (level.variable) {
      if (level.variable !== 'metricPrefix' && !isValidId(value)) return undefined;
      found[level.variable] = value;
      if (level.variable === 'deviceId') isDeviceRequired = !level.isOptional;
    }
    at++;
  }
  if (at !== levels.length || found.tenantId === undefined || found.projectId === undefined) return undefined;
  const { tenantId: tenant, projectId: project, deviceId: device, metricPrefix = '' } = found;
  if (metricPrefix !== '' && !isValidMetricName(metricPrefix)) return undefined;
  if (!template.isSparkplug) return { tenant, project, device, isDeviceRequired, metricPrefix };
  const sparkplug = readSparkplugTopic(levels, found.groupId !== undefined);
  if (!sparkplug || !isValidId(sparkplug.deviceId)) return undefined;
  return { tenant, project, device: sparkplug.deviceId, isDeviceRequired: true, metricPrefix, sparkplug };
}

/**
 * Whether `id` may name a tenant, project or device: 1 to 128 characters, none of them a control character or `+ # /`,
 * and neither `.` nor `..` (`isDotSegment` says why).
 */
export function isValidId(id: string): boolean {
  if (id.length === 0 || id.length > LIMITS.idCharsMax.value || !id.isWellFormed()) return false;
  if (isDotSegment(id)) return false;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x23 || code === 0x2b || code === 0x2f)
      return false;
  }
  return true;
}

/** Whether a metric may have this name: 1 to 256 characters, no control character. */
export function isValidMetricName(name: string): boolean {
  if (name.length === 0 || name.length > LIMITS.metricNameCharsMax.value) return false;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  }
  return true;
}

function parseLevel(template: string, level: string): TemplateLevel {
  const variable = /^\{(\w+)(\?)?(…|\.\.\.)?\}$/.exec(level);
  if (!variable) {
    if (/[{}+#]/.test(level)) throw invalid(template, `the level ${level} is neither literal nor a variable`);
    return { literal: level, variable: undefined, isOptional: false, isRest: false };
  }
  const name = VARIABLES.find((one) => one === variable[1]);
  if (!name) throw invalid(template, `the variable ${variable[1]} is not one of ${VARIABLES.join(', ')}`);
  const isRest = variable[3] !== undefined;
  if (isRest && name !== 'metricPrefix') throw invalid(template, 'only {metricPrefix?…} takes the rest');
  return { literal: undefined, variable: name, isOptional: variable[2] !== undefined || isRest, isRest };
}

function invalid(template: string, why: string): PipelineError {
  return new PipelineError('template-invalid', `The topic template ${template} cannot be used: ${why}.`, {
    template,
  });
}
