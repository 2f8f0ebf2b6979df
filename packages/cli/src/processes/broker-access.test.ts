import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tenantPlaces } from './broker-access.ts';
import { tenantAt } from './tenant-places.ts';

test('tenantAt finds the tenant of a topic by the templates, for telemetry and the topics of a device', () => {
  const places = tenantPlaces([
    'mtic/msg/{tenantId}/{projectId}/{deviceId?}',
    'plant/{deviceId}{tenantId=acme}{projectId=p}',
  ]);
  const cases = {
    'mtic/msg/t/p/d': 't',
    'mtic/msg/t': 't',
    'mtic/msg': '',
    'iot/t/p/d/telemetry': 't',
    'iot/t/p/d/state/door': 't',
    '$skerry/telemetry/t/p/d': 't',
    'plant/pump': 'acme',
    'door/open': '',
  };
  for (const [topic, tenant] of Object.entries(cases)) assert.equal(tenantAt(places, topic), tenant, topic);
});
