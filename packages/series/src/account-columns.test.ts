import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccountColumns } from './account-columns.ts';
import type { DeviceAccount } from './store.ts';

function anAccount(tenant: string, project: string, device: string, stored: number): DeviceAccount {
  const rest = { deduplicated: 2, filtered: 3, deadLettered: 4, discarded: 5, expired: 6 };
  return {
    tenant,
    project,
    device,
    stored,
    ...rest,
    timeCorrected: 7,
    seqResets: 2 ** 40,
    lastSeenMicros: 2 ** 50,
  };
}

test('AccountColumns gives back what it was made of, each owner kept once', () => {
  const all = [
    anAccount('t', 'p', 'a', 1),
    anAccount('t', 'q', 'a', 10),
    anAccount('t', 'q', '', 11),
    anAccount('t', 'p', 'b', 12),
    anAccount('u', 'p', 'a', 13),
  ];
  const columns = AccountColumns.of(new Set(all));
  assert.deepEqual([...columns], all);
  assert.equal(columns.owners.length, 3);
  assert.equal(columns.rows, 5);
});

test('AccountColumns holds the counts as they were, not as they become', () => {
  const account = { ...anAccount('t', 'p', 'd', 1) };
  const columns = AccountColumns.of([account]);
  account.stored++;
  assert.equal(columns.at(0).stored, 1);
});

test('AccountColumns of columns is the same, and of nothing is empty', () => {
  const columns = AccountColumns.of([]);
  assert.equal(AccountColumns.of(columns), columns);
  assert.deepEqual([...columns], []);
});
