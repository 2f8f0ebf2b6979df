import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BrokerAbilities, versionsOf } from './doctor-kafka-version.ts';

/** A broker whose software has one level of metadata.version, in a cluster that keeps to another. */
function aBroker(level: number | undefined, kept = level): BrokerAbilities {
  const name = 'metadata.version';
  return {
    apiKeys: [
      { name: 'Produce', maxVersion: 9 },
      { name: 'Vote', maxVersion: 1 },
      { name: 'Fetch', maxVersion: 13 },
    ],
    supportedFeatures:
      level === undefined
        ? []
        : [
            { name: 'group.version', maxVersion: 1 },
            { name, maxVersion: level },
          ],
    finalizedFeatures: kept === undefined ? [] : [{ name, maxVersionLevel: kept }],
  };
}

test('versionsOf names releases by the level of metadata.version, and one that is newer by its level', () => {
  const cases = [
    [1, 'Kafka 3.0'],
    [5, 'Kafka 3.3'],
    [11, 'Kafka 3.5'],
    [15, 'Kafka 3.7'],
    [25, 'Kafka 4.0'],
    [26, 'Kafka 4.1'],
    [30, 'Kafka 4.3'],
    [31, 'Kafka newer than 4.3 (level 31)'],
  ] as const;
  for (const [level, wanted] of cases) assert.equal(versionsOf([aBroker(level)]), wanted);
});

test('versionsOf tells brokers of several releases, the level that they keep to, and what is known of one that tells none', () => {
  assert.equal(
    versionsOf([aBroker(30, 27), aBroker(27), aBroker(30, 27)]),
    'Kafka 4.1 and Kafka 4.3, metadata.version kept at level 27 of 30 (4.1)',
  );
  assert.equal(
    versionsOf([aBroker(undefined)]),
    'a broker that tells no metadata.version, with Produce 9, Fetch 13',
  );
});
