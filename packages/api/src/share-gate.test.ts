import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeter } from '@skerry/kernel';
import type { Grant, Subject } from '@skerry/model';
import { ShareGate } from './share-gate.ts';

function aGate() {
  const gauge = createMeter().gauge('held', '');
  const shared = { what: 'queries', fault: 'too-many-queries', gauge } as const;
  return { gauge, gate: new ShareGate(shared, { max: 6, subjectMax: 2, tenantMax: 3 }) };
}

const aSubject = (name: string, ...tenants: (string | undefined)[]): Subject => ({
  kind: 'token',
  name,
  grants: tenants.map((tenant): Grant => ({ role: 'viewer', ...(tenant === undefined ? {} : { tenant }) })),
});

const TOO_MANY = { code: 'too-many-queries' };

test('ShareGate gives each subject and each tenant a share, and its places back', () => {
  const { gate, gauge } = aGate();
  const first = gate.enter(aSubject('a', 'acme'));
  gate.enter(aSubject('a', 'acme'));
  assert.throws(() => gate.enter(aSubject('a', 'acme')), { ...TOO_MANY, message: /2 queries of a are open/ });
  gate.enter(aSubject('b', 'acme'));
  assert.throws(() => gate.enter(aSubject('b', 'acme')), {
    ...TOO_MANY,
    message: /3 queries of this tenant/,
  });
  gate.enter(aSubject('c', 'beta'));
  gate.enter(aSubject('c', 'beta'));
  assert.equal(gauge.value, 5);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(gauge.value, 4);
  gate.enter(aSubject('a', 'acme'));
});

test('ShareGate counts a subject of several tenants, or of all, for itself alone, and everybody for the whole', () => {
  const { gate } = aGate();
  for (const tenants of [['acme', 'beta'], [undefined]]) {
    gate.enter(aSubject(String(tenants), ...tenants));
    gate.enter(aSubject(String(tenants), ...tenants));
    assert.throws(() => gate.enter(aSubject(String(tenants), ...tenants)), TOO_MANY);
  }
  gate.enter(aSubject('a', 'acme'));
  gate.enter(aSubject('b', 'beta'));
  assert.throws(() => gate.enter(aSubject('c', 'gamma')), { ...TOO_MANY, message: /^6 queries are open/ });
});
