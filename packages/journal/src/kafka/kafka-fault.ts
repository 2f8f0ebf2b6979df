import { JournalError, type JournalFault } from '../errors.ts';

/** What is known about a fault of the Kafka library, found anywhere inside it. */
interface Signs {
  readonly apiIds: readonly string[];
  readonly messages: readonly string[];
  readonly codes: readonly string[];
}

const DENIED_IDS = [
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
];
const MISSING_IDS = ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID'];
const UNSTEADY_IDS = [
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'INCONSISTENT_TOPIC_ID',
  'BROKER_NOT_AVAILABLE',
  'UNKNOWN_SERVER_ERROR',
  'THROTTLING_QUOTA_EXCEEDED',
  'CONCURRENT_TRANSACTIONS',
];
const TLS_CODES =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|EPROTO|HOSTNAME_MISMATCH)/;

/**
 * A fault of the Kafka library as a fault of the journal. `action` ends "Cannot ", for example `send records to Kafka`.
 * What the library threw by mistake (a bug) is passed on as it is.
 */
export function kafkaFault(action: string, error: unknown): JournalError {
  if (error instanceof JournalError) return error;
  const signs = signsOf(error);
  const { code, why } = judge(signs);
  const facts = { kafka: signs.apiIds[0] ?? signs.codes[0] };
  return new JournalError(code, `Cannot ${action}: ${why}.`, facts, error);
}

/** A fault that Kafka named in an answer, by its name in the protocol. */
export function kafkaAnswerFault(action: string, apiId: string, detail: string | undefined): JournalError {
  const { code, why } = judge({ apiIds: [apiId], messages: [], codes: [] });
  const more = detail === undefined || detail === '' ? '' : ` (${detail})`;
  return new JournalError(code, `Cannot ${action}: ${why}${more}.`, { kafka: apiId });
}

function judge(signs: Signs): { readonly code: JournalFault; readonly why: string } {
  const { apiIds, messages, codes } = signs;
  const denied = apiIds.find((id) => DENIED_IDS.includes(id));
  if (denied)
    return { code: 'kafka-denied', why: `Kafka refused the credentials or the permission (${denied})` };
  if (codes.includes('PLT_KFK_AUTHENTICATION'))
    return { code: 'kafka-denied', why: 'Kafka refused the credentials (SASL)' };
  const tls = codes.find((code) => TLS_CODES.test(code));
  if (tls) return { code: 'kafka-denied', why: `the certificate or the TLS handshake was refused (${tls})` };
  if (messages.some((text) => /requires TLS|TLS handshake failed/.test(text)))
    return { code: 'kafka-denied', why: 'one side speaks TLS and the other does not' };
  const missing = apiIds.find((id) => MISSING_IDS.includes(id));
  if (missing || messages.some((text) => text.startsWith('Unknown topic')))
    return { code: 'kafka-topic-missing', why: 'the topic does not exist' };
  const unsteady = apiIds.find((id) => UNSTEADY_IDS.includes(id));
  if (unsteady) return { code: 'kafka-unsteady', why: `Kafka cannot serve it at the moment (${unsteady})` };
  if (apiIds[0]) return { code: 'kafka-refused', why: `Kafka refused it (${apiIds[0]})` };
  const network = codes.find((code) => /^E[A-Z]+$/.test(code));
  if (network) return { code: 'kafka-unreachable', why: `no broker can be reached (${network})` };
  if (codes.some((code) => code === 'PLT_KFK_NETWORK' || code === 'PLT_KFK_TIMEOUT'))
    return { code: 'kafka-unreachable', why: `no broker answers (${messages.at(-1) ?? 'no answer'})` };
  return { code: 'kafka-refused', why: messages[0] ?? 'the client failed' };
}

/** Everything that the error, its causes and its parts say of themselves. */
function signsOf(error: unknown): Signs {
  const apiIds: string[] = [];
  const messages: string[] = [];
  const codes: string[] = [];
  const seen = new Set<unknown>();
  const visit = (one: unknown): void => {
    if (!(one instanceof Error) || seen.has(one)) return;
    seen.add(one);
    messages.push(one.message);
    const { apiId, code } = one as { readonly apiId?: unknown; readonly code?: unknown }; // members that errors may have
    if (typeof apiId === 'string') apiIds.push(apiId);
    if (typeof code === 'string') codes.push(code);
    visit(one.cause);
    if (one instanceof AggregateError) for (const part of one.errors) visit(part);
  };
  visit(error);
  return { apiIds, messages, codes };
}
