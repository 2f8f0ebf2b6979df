import {
  type Action,
  boundDeviceOf,
  covers,
  type DeviceKey,
  EVERYTHING,
  isAllowed,
  type Scope,
  type Subject,
  scopesOf,
} from '@skerry/model';
import { OWN_TEMPLATES, type Route } from './routes.ts';
import {
  isValidId,
  parseTemplate,
  type TemplateLevel,
  type TopicTemplate,
  type Variable,
} from './topic-template.ts';

/** Who may publish and read where. */
export interface TopicRights {
  /**
   * Whether a subject may publish on a valid topic name. `kind` is that of its route: telemetry (dead letters too)
   * takes `telemetry:write`, everything else `messages:publish`. A level that names the device only optionally gives a
   * subject of several devices no right, since the payload may name another. A subject bound to one device
   * (`boundDeviceOf`) may publish on every telemetry topic of its project that names no other device: what it sends
   * is this device's, whatever the payload names.
   */
  mayPublish(subject: Pick<Subject, 'grants'>, topic: string, kind: Route['kind']): boolean;
  /** Whether a subject may read (`messages:subscribe`) every topic that a valid filter can match. */
  maySubscribe(subject: Pick<Subject, 'grants'>, filter: string): boolean;
}

/** Topics of a device's own, beside its telemetry. */
const MESSAGING_TEMPLATE = 'iot/{tenantId}/{projectId}/{deviceId}';

/**
 * The rights that follow from the topic templates of telemetry and from `iot/{tenantId}/{projectId}/{deviceId}/#`. A
 * topic belongs to the tenant, project and device that the levels of a template name as far as they are there and valid:
 * what does not fit whole (too short, an empty level) belongs to the part that it names. A topic that no template gives
 * a tenant belongs to nobody, and only a scope of everything reaches it. Where two templates claim a topic, both owners
 * have to lie in the scope. Fails with `template-invalid`.
 */
export function compileTopicRights(templates: readonly string[]): TopicRights {
  const spaces = [...templates, ...OWN_TEMPLATES, MESSAGING_TEMPLATE].map((text) =>
    spaceOf(parseTemplate(text)),
  );
  const publishSpaces = spaces.map(({ levels, ...space }) => ({
    ...space,
    levels: levels.filter(({ variable, isOptional }) => variable !== 'deviceId' || !isOptional),
  }));
  return {
    mayPublish: (subject, topic, kind) => {
      const action = kind === 'messaging' || kind === 'refuse' ? 'messages:publish' : 'telemetry:write';
      if (isInside(subject, action, topic, publishSpaces)) return true;
      const bound = kind === 'telemetry' ? boundDeviceOf(subject) : undefined;
      return bound !== undefined && isWhole(spaces, topic.split('/'), (owner) => isOfBound(owner, bound));
    },
    maySubscribe: (subject, filter) => isInside(subject, 'messages:subscribe', filter, spaces),
  };
}

/** What a template says of owners. */
interface Space extends Pick<TopicTemplate, 'constants'> {
  /** The levels that can name an owner. */
  readonly levels: readonly TemplateLevel[];
  /** Levels behind which the constants name the owner: the literal beginning of the template. */
  readonly constantsFrom: number;
}

const OWNERS: readonly Variable[] = ['tenantId', 'projectId', 'deviceId'];

/**
 * The levels up to the last variable that is an id, or else the literal beginning. An edge node of Sparkplug speaks for
 * its devices, so that its topics belong to the project and to no device.
 */
function spaceOf({ levels, constants, prefix, isSparkplug }: TopicTemplate): Space {
  const owners = isSparkplug ? OWNERS.slice(0, 2) : OWNERS;
  const last = levels.findLastIndex(({ variable }) => variable !== undefined && owners.includes(variable));
  return {
    levels: levels.slice(0, Math.max(last + 1, prefix.length)),
    constants,
    constantsFrom: prefix.length,
  };
}

/** A topic name is a filter that matches itself. */
function isInside(
  subject: Pick<Subject, 'grants'>,
  action: Action,
  filter: string,
  spaces: readonly Space[],
): boolean {
  if (isAllowed(subject, action, EVERYTHING)) return true;
  const scopes = scopesOf(subject, action);
  if (scopes.length === 0) return false;
  const asked = filter.split('/');
  return scopes.some((scope) => isWhole(spaces, asked, (owner) => covers(scope, owner)));
}

/** Whether somebody owns every topic that a filter can match, and whoever claims one is within. */
function isWhole(
  spaces: readonly Space[],
  asked: readonly string[],
  isWithin: (owner: Scope) => boolean,
): boolean {
  const claims = spaces.map((space) => claimOf(space, asked, isWithin));
  return !claims.includes('outside') && claims.includes('inside');
}

/** A topic of the bound device's project that names this device or none. */
function isOfBound(owner: Scope, { tenant, project, device }: DeviceKey): boolean {
  return covers({ tenant, project }, owner) && (owner.device === undefined || owner.device === device);
}

/**
 * What a template says of the topics that a filter can match. `inside`: each has an owner in the scope. `outside`: one
 * may have an owner that is not. `partly`: some have an owner in the scope, some or all have none.
 */
type Claim = 'inside' | 'outside' | 'partly';

function claimOf(
  { levels, constants, constantsFrom }: Space,
  asked: readonly string[],
  isWithin: (owner: Scope) => boolean,
): Claim {
  const owner: Partial<Record<Variable, string>> = {};
  let claim: Claim = 'inside';
  /** A topic may end or leave the template here: what was named so far is its owner. */
  const stop = (): void => {
    const { tenantId: tenant, projectId: project, deviceId: device } = owner;
    if (tenant === undefined) claim = claim === 'outside' ? claim : 'partly';
    else if (
      !isWithin({
        tenant,
        ...(project !== undefined && { project }),
        ...(device !== undefined && { device }),
      })
    )
      claim = 'outside';
  };
  for (const [at, { literal, variable }] of levels.entries()) {
    if (at === constantsFrom) Object.assign(owner, constants);
    const value = asked[at];
    const isAny = value === '+' || value === '#';
    if (isAny && variable === 'tenantId') return 'outside';
    if (value === '#') {
      stop();
      return owner.tenantId === undefined ? 'outside' : claim;
    }
    const isFitting = value !== undefined && (variable ? isValid(variable, value) : value === literal);
    if (!isFitting && !(isAny && variable === 'metricPrefix')) stop();
    if (!isFitting && !isAny) return claim;
    if (isFitting && variable) owner[variable] = value;
  }
  if (levels.length === constantsFrom) Object.assign(owner, constants);
  stop();
  return claim;
}

/** `+` is no valid id, and neither is an empty level. */
function isValid(variable: Variable, value: string): boolean {
  return variable === 'metricPrefix' ? value !== '+' : isValidId(value);
}
