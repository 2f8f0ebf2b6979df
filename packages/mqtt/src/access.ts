import type { Address } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import type { IngressRoute } from './ingress.ts';
import { REASON, RETURN_CODE } from './reason-codes.ts';

/** What a CONNECT says about who is there, and over which way it came. */
export interface ConnectRequest {
  readonly username: string | undefined;
  /** Bytes as sent; the callee's own. */
  readonly password: Uint8Array | undefined;
  /** As asked for, or the one that the broker gave. */
  readonly clientId: string;
  readonly remote: Address;
  /** The listener that the connection came over. */
  readonly listener: { readonly name: string; readonly address: Address; readonly isEncrypted: boolean };
  /** Aborted when the client is gone: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Why nobody is let in; `DENIAL_CODES` holds what the client is told. */
export type DenialWord =
  | 'bad-credentials'
  | 'not-authorized'
  | 'too-many-attempts'
  | 'banned'
  | 'access-unavailable';

/** A CONNECT that is refused. `why` is told to the operator and, as the Reason String, to the client: it must not say whether a name exists. */
export interface ConnectDenial {
  readonly denied: DenialWord;
  readonly why: string;
}

/** What CONNACK says about a denial: to MQTT 5 (table 3-1) and to 3.1.1 (table 3.1). */
export const DENIAL_CODES: Readonly<
  Record<DenialWord, { readonly reason: number; readonly returnCode: number }>
> = {
  'bad-credentials': { reason: REASON.badUserNameOrPassword, returnCode: RETURN_CODE.badUserNameOrPassword },
  'not-authorized': { reason: REASON.notAuthorized, returnCode: RETURN_CODE.notAuthorized },
  'too-many-attempts': { reason: REASON.quotaExceeded, returnCode: RETURN_CODE.serverUnavailable },
  banned: { reason: REASON.banned, returnCode: RETURN_CODE.notAuthorized },
  'access-unavailable': { reason: REASON.serverUnavailable, returnCode: RETURN_CODE.serverUnavailable },
};

/** Who may come in, and what they may publish and read: the broker asks, and remembers no answer beyond a connection. */
export interface BrokerAccess {
  /**
   * Judges a CONNECT, at once or later; other connections are served meanwhile. It does not reject: a judgement that
   * cannot be made is the denial `access-unavailable` (a rejection is taken for that, and logged).
   */
  authenticate(request: ConnectRequest): Subject | ConnectDenial | Promise<Subject | ConnectDenial>;
  /** Whether the subject may publish on a valid topic name. Pure; asked once per connection and topic. */
  mayPublish(subject: Subject, topic: string, route: Pick<IngressRoute, 'kind'>): boolean;
  /** Whether every topic that a valid filter can match may be read by the subject. Pure. */
  maySubscribe(subject: Subject, filter: string): boolean;
  /** The tenant on whose account a retained message on a topic is; empty for none. Pure; without it nobody is told apart. */
  tenantOf?(topic: string): string;
}

/** What was refused, for whoever has to find out why a device does not come through. */
export interface AccessRefusal {
  readonly kind: 'connect' | 'publish' | 'will' | 'subscribe';
  /** Client id; as asked for in a refused CONNECT. */
  readonly client: string;
  /** Name of the subject, or the user name of a refused CONNECT; empty without one. */
  readonly user: string;
  /** Topic or filter; empty for a refused CONNECT. */
  readonly topic: string;
  /** A `DenialWord`, or `not-authorized`. */
  readonly reason: DenialWord;
  readonly why: string;
  /** `host:port` of the peer. */
  readonly remote: string;
}

/** Whether an answer of `authenticate` is a refusal. */
export function isDenial(verdict: Subject | ConnectDenial): verdict is ConnectDenial {
  return 'denied' in verdict;
}
