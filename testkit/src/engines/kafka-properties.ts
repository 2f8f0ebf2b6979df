import type { EngineCertificates } from './certificates.ts';

/** One broker as it is started. */
export interface KafkaNodePlan {
  readonly id: number;
  /** Where it listens for clients. */
  readonly clientPort: number;
  /** Where clients are told that it listens. */
  readonly advertisedPort: number;
  readonly internalPort: number;
  readonly controllerPort: number;
  readonly folder: string;
  /** PEM file of the server's key and certificate; clients are not encrypted when absent. */
  readonly keyStore: string | undefined;
}

/** What the brokers of a cluster have in common. */
export interface KafkaClusterPlan {
  readonly nodes: readonly KafkaNodePlan[];
  readonly tls: EngineCertificates | undefined;
  readonly isMutual: boolean;
  readonly users: Readonly<Record<string, string>> | undefined;
  readonly properties: Readonly<Record<string, string>>;
}

const MODULES = 'org.apache.kafka.common.security';

/** The text of `server.properties` of one broker. */
export function nodeProperties(node: KafkaNodePlan, cluster: KafkaClusterPlan): string {
  const all = {
    ...listeners(node, cluster),
    ...replication(cluster.nodes.length),
    ...TEMPO,
    ...encryption(node, cluster),
    ...signIn(cluster.users),
    ...cluster.properties,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}

function listeners(node: KafkaNodePlan, { nodes, tls, users }: KafkaClusterPlan): Record<string, string> {
  const protocol = `${users ? 'SASL_' : ''}${tls ? 'SSL' : 'PLAINTEXT'}`;
  const client = `CLIENT://127.0.0.1:${node.clientPort}`;
  const internal = `INTERNAL://127.0.0.1:${node.internalPort}`;
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node.id),
    'log.dirs': `${node.folder}/log`,
    listeners: `${client},${internal},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${node.advertisedPort},${internal}`,
    'listener.security.protocol.map': `CLIENT:${protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'INTERNAL',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': nodes
      .map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`)
      .join(','),
  };
}

function replication(nodes: number): Record<string, string> {
  const factor = String(nodes);
  const inSync = nodes === 1 ? '1' : '2';
  return {
    'auto.create.topics.enable': 'false',
    'default.replication.factor': factor,
    'min.insync.replicas': inSync,
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': inSync,
  };
}

/** Few threads, and a killed node is let in again after a second and not after nine. */
const TEMPO = {
  'group.initial.rebalance.delay.ms': '0',
  'broker.session.timeout.ms': '1000',
  'broker.heartbeat.interval.ms': '200',
  'log.cleaner.dedupe.buffer.size': '2097152',
  'num.network.threads': '2',
  'num.io.threads': '2',
  'background.threads': '2',
};

function encryption(node: KafkaNodePlan, { tls, isMutual }: KafkaClusterPlan): Record<string, string> {
  if (!tls || node.keyStore === undefined) return {};
  return {
    'listener.name.client.ssl.keystore.type': 'PEM',
    'listener.name.client.ssl.keystore.location': node.keyStore,
    'listener.name.client.ssl.truststore.type': 'PEM',
    'listener.name.client.ssl.truststore.location': tls.authority,
    'listener.name.client.ssl.client.auth': isMutual ? 'required' : 'none',
  };
}

function signIn(users: KafkaClusterPlan['users']): Record<string, string> {
  if (!users) return {};
  const known = Object.entries(users).map(([name, password]) => `user_${name}="${quoted(password)}"`);
  const scram = `${MODULES}.scram.ScramLoginModule required;`;
  return {
    'listener.name.client.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': `${MODULES}.plain.PlainLoginModule required ${known.join(' ')};`,
    'listener.name.client.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.client.scram-sha-512.sasl.jaas.config': scram,
  };
}

function quoted(text: string): string {
  return text.replaceAll(/["\\]/g, '\\$&');
}
