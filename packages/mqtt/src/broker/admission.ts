import type { Connection } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import { type ConnectDenial, type ConnectRequest, DENIAL_CODES, isDenial } from '../access.ts';
import type { Connect } from '../packets/connect.ts';
import { REASON, RETURN_CODE } from '../reason-codes.ts';
import type { Asked } from './access-gate.ts';
import type { BrokerParts } from './broker-parts.ts';
import { ClientRights } from './client-rights.ts';
import { type ConnectRefusal, type ConnectTerms, judgeConnect, refusal } from './handshake.ts';
import type { SessionLink } from './session.ts';
import type { ConnectionFacts, SessionBook, SessionGrant } from './session-book.ts';

/** What a CONNECT came over. */
export interface AdmissionNeeds {
  readonly parts: BrokerParts;
  readonly sessions: SessionBook;
  readonly listener: ConnectRequest['listener'];
  readonly remote: Connection['remote'];
  /** The connection that gets the session. */
  readonly link: SessionLink;
}

/** A client that is let in, with its session. */
export interface Admitted {
  readonly isAccepted: true;
  readonly terms: ConnectTerms;
  readonly grant: SessionGrant;
  readonly facts: ConnectionFacts;
}

/** A client that is not; `isTold`: the operator knows of it. */
export interface NotAdmitted extends ConnectRefusal {
  readonly isTold: boolean;
}

/**
 * Judges a CONNECT: whether it is in order, who sends it, and whether its will may be. The outcome comes before this
 * returns, or later; nothing has happened to any session before it.
 */
export function admit(
  connect: Connect,
  needs: AdmissionNeeds,
  onOutcome: (outcome: Admitted | NotAdmitted) => void,
): Asked | undefined {
  const terms = judgeConnect(connect, needs.parts);
  if (!terms.isAccepted) {
    onOutcome({ ...terms, isTold: false });
    return undefined;
  }
  const { username, password, level } = connect;
  const { remote, listener } = needs;
  const request = { username, password: password?.slice(), clientId: terms.clientId, remote, listener };
  return needs.parts.gate.ask(request, (verdict) => {
    if (isDenial(verdict)) onOutcome(deny(verdict, terms.clientId, username ?? '', needs));
    else onOutcome(letIn(terms, verdict, level === 5 ? '5.0' : '3.1.1', needs));
  });
}

function deny(
  { denied, why }: ConnectDenial,
  client: string,
  user: string,
  needs: AdmissionNeeds,
): NotAdmitted {
  const { parts, remote } = needs;
  parts.gate.refused({
    kind: 'connect',
    client,
    user,
    topic: '',
    reason: denied,
    why,
    remote: `${remote.host}:${remote.port}`,
  });
  const { reason, returnCode } = DENIAL_CODES[denied];
  return { ...refusal(reason, returnCode, why), isTold: true };
}

function letIn(
  terms: ConnectTerms,
  subject: Subject,
  protocol: ConnectionFacts['protocol'],
  { parts, sessions, listener, remote: { host, port }, link }: AdmissionNeeds,
): Admitted | NotAdmitted {
  const { clientId, will } = terms;
  const remote = `${host}:${port}`;
  const rights = new ClientRights(parts.gate, subject, clientId, remote);
  if (will && !mayLeaveWill(will.topic, rights, parts)) {
    const why = rights.refuse('will', will.topic);
    return { ...refusal(REASON.notAuthorized, RETURN_CODE.notAuthorized, why), isTold: true };
  }
  const way = { listener: listener.name, isEncrypted: listener.isEncrypted };
  const facts = { client: clientId, remote, protocol, subject, ...way };
  const grant = sessions.open({ ...terms, rights }, link, facts);
  if (grant) return { isAccepted: true, terms, grant, facts };
  const why = 'Too many sessions are kept, or too many of them for you.';
  return { ...refusal(REASON.quotaExceeded, RETURN_CODE.serverUnavailable, why), isTold: false };
}

/** A topic without a route was refused before. */
function mayLeaveWill(topic: string, rights: ClientRights, { topics }: BrokerParts): boolean {
  const entry = topics.of(topic);
  return entry.route !== undefined && rights.mayPublish(entry, entry.route);
}
