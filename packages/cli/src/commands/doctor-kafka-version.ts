import type { KafkaClient } from '@skerry/journal/kafka';
import { VERSION } from '../version.ts';
import type { Finding } from './doctor.ts';
import { ok } from './doctor-looks.ts';

/** What a broker says that it can (ApiVersions). */
export interface BrokerAbilities {
  readonly apiKeys: readonly { readonly name: string; readonly maxVersion: number }[];
  readonly supportedFeatures: readonly { readonly name: string; readonly maxVersion: number }[];
  readonly finalizedFeatures: readonly { readonly name: string; readonly maxVersionLevel: number }[];
}

type AskAbilities = [clientSoftwareName: string, clientSoftwareVersion: string];

/** Releases of Kafka by the highest level of `metadata.version` that each has; as in MetadataVersion of 4.3. */
const RELEASES: readonly (readonly [level: number, release: string])[] = [
  ...([
    [1, '3.0'],
    [2, '3.1'],
    [3, '3.2'],
    [7, '3.3'],
    [8, '3.4'],
    [11, '3.5'],
    [14, '3.6'],
  ] as const),
  ...([
    [19, '3.7'],
    [20, '3.8'],
    [21, '3.9'],
    [25, '4.0'],
    [27, '4.1'],
    [29, '4.2'],
    [30, '4.3'],
  ] as const),
];
const FEATURE = 'metadata.version';
/** Brokers that are asked. */
const BROKERS_MAX = 32;
/** What a broker that tells no version is known by. */
const TOLD_APIS = ['Produce', 'Fetch', 'Metadata'];

/**
 * What Kafka the brokers are, as each tells it at the address that clients are told. Fails as the client does, also
 * where one of them is not reached there.
 */
export async function kafkaVersionFinding(client: KafkaClient): Promise<Finding> {
  await client.cluster();
  const nodes = [...(client.admin.currentMetadata?.brokers.keys() ?? [])].slice(0, BROKERS_MAX);
  const api = await client.api<AskAbilities, BrokerAbilities>('ApiVersions');
  const told = nodes.map(
    async (node) => await api.async(await client.connection(node), 'skerry-doctor', VERSION),
  );
  return ok('kafka version', versionsOf(await Promise.all(told)));
}

/** The releases of brokers, and the level that the cluster keeps to where that is an earlier one's. */
export function versionsOf(brokers: readonly BrokerAbilities[]): string {
  const levels = brokers.map(({ supportedFeatures }) => levelIn(supportedFeatures, 'maxVersion'));
  const releases = [...new Set(brokers.map((one, i) => releaseOf(one, levels[i])))];
  const agreed = Math.max(0, ...brokers.map((one) => levelIn(one.finalizedFeatures, 'maxVersionLevel') ?? 0));
  const most = Math.max(0, ...levels.map((level) => level ?? 0));
  const kept =
    agreed > 0 && agreed < most
      ? `, ${FEATURE} kept at level ${agreed} of ${most} (${releaseAt(agreed)})`
      : '';
  return `${releases.sort().join(' and ')}${kept}`;
}

function levelIn<K extends string>(
  features: readonly ({ readonly name: string } & Readonly<Record<K, number>>)[],
  level: K,
): number | undefined {
  return features.find(({ name }) => name === FEATURE)?.[level];
}

function releaseOf({ apiKeys }: BrokerAbilities, level: number | undefined): string {
  if (level !== undefined) return `Kafka ${releaseAt(level)}`;
  const known = apiKeys.filter(({ name }) => TOLD_APIS.includes(name));
  const apis = known.map(({ name, maxVersion }) => `${name} ${maxVersion}`).join(', ');
  return `a broker that tells no ${FEATURE}, with ${apis}`;
}

function releaseAt(level: number): string {
  const release = RELEASES.find(([most]) => level <= most)?.[1];
  return release ?? `newer than ${RELEASES.at(-1)?.[1]} (level ${level})`;
}
