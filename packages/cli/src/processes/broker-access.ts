import { ANONYMOUS_ON_LOOPBACK, type Authenticator, type Refusal } from '@skerry/access';
import { isLoopback } from '@skerry/access/loopback';
import type { Logger } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import type { BrokerAccess, ConnectDenial, ConnectRequest, DenialWord } from '@skerry/mqtt';
import { compileTopicRights, OWN_TEMPLATES, parseTemplate } from '@skerry/pipeline';
import { type TenantPlace, tenantAt } from './tenant-places.ts';

/** What the access of the broker works with. */
export interface BrokerAccessNeeds {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  /** Topic templates of telemetry, from which it follows who owns a topic. */
  readonly templates: readonly string[];
  /** Who may connect without a name. */
  readonly anonymous: 'loopback' | 'never';
  readonly logger: Logger;
}

/** Who may connect to MQTT, publish and subscribe: users and tokens, and on loopback those without a name. */
export function createBrokerAccess(needs: BrokerAccessNeeds): BrokerAccess {
  const { authenticator, templates, anonymous, logger } = needs;
  const rights = compileTopicRights(templates);
  const places = tenantPlaces(templates);
  return {
    authenticate: (request) => {
      const { username, password } = request;
      if (username === undefined && password === undefined) return nameless(request, anonymous);
      return withCredentials(request, authenticator, logger);
    },
    mayPublish: (subject, topic, { kind }) => rights.mayPublish(subject, topic, kind),
    maySubscribe: (subject, filter) => rights.maySubscribe(subject, filter),
    tenantOf: (topic) => tenantAt(places, topic),
  };
}

/** Where topics name their tenant: by the templates of telemetry, and `iot/{tenantId}/…`. Fails with `template-invalid`. */
export function tenantPlaces(templates: readonly string[]): TenantPlace[] {
  return [...templates, ...OWN_TEMPLATES, 'iot/{tenantId}/{projectId}'].map((text) => {
    const { prefix, levels, constants } = parseTemplate(text);
    const at = levels.findIndex(({ variable }) => variable === 'tenantId');
    return { prefix, tenant: constants.tenantId ?? at };
  });
}

function nameless(
  { listener, remote }: ConnectRequest,
  anonymous: BrokerAccessNeeds['anonymous'],
): Subject | ConnectDenial {
  const isOwn = isLoopback(listener.address.host) && isLoopback(remote.host);
  if (isOwn && anonymous === 'loopback') return ANONYMOUS_ON_LOOPBACK;
  return {
    denied: 'not-authorized',
    why: 'A user name and a password, or an access token, are wanted here.',
  };
}

async function withCredentials(
  { username, password, clientId, remote, listener, signal }: ConnectRequest,
  authenticator: BrokerAccessNeeds['authenticator'],
  logger: Logger,
): Promise<Subject | ConnectDenial> {
  try {
    const credentials = {
      username,
      password: password === undefined ? undefined : new TextDecoder().decode(password),
      clientId,
      remote: remote.host,
      isEncrypted: listener.isEncrypted,
    };
    const verdict = await authenticator.authenticate(credentials, signal);
    return 'refused' in verdict ? { denied: DENIALS[verdict.refused], why: verdict.detail } : verdict;
  } catch (fault) {
    if (signal.aborted) return { denied: 'access-unavailable', why: 'The client has left.' }; // nobody is told
    logger.log('error', 'who connects to MQTT could not be told', { error: String(fault) });
    return { denied: 'access-unavailable', why: 'Who connects could not be told; try again later.' };
  }
}

const DENIALS: Readonly<Record<Refusal['refused'], DenialWord>> = {
  'bad-credentials': 'bad-credentials',
  'too-many-attempts': 'too-many-attempts',
  busy: 'access-unavailable',
};
