import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  ACTIONS,
  covers,
  type Grant,
  isAllowed,
  mayTake,
  ownerOf,
  ROLES,
  type Scope,
  scopesOf,
} from './access.ts';

const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 100) };
const word = fc.constantFrom('a', 'b', '');
const scope: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant({}),
  fc.record({ tenant: word }),
  fc.record({ tenant: word, project: word }),
  fc.record({ tenant: word, project: word, device: word }),
);
const grant: fc.Arbitrary<Grant> = fc
  .tuple(scope, fc.constantFrom(...ROLES))
  .map(([one, role]) => ({ ...one, role }));

test('a narrow grant never reaches beyond its scope, whatever stands beside it', () => {
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 4 }),
      scope,
      fc.constantFrom(...ACTIONS),
      (grants, target, action) => {
        const allowed = isAllowed({ grants }, action, target);
        const expected = grants.some((one) => {
          if (one.tenant !== undefined && target.tenant !== one.tenant) return false;
          if (one.project !== undefined && target.project !== one.project) return false;
          if (one.device !== undefined && target.device !== one.device) return false;
          return scopesOf({ grants: [one] }, action).length === 1;
        });
        assert.equal(allowed, expected);
      },
    ),
    RUNS,
  );
});

test('who may do something to all of a scope may do it to every part', () => {
  fc.assert(
    fc.property(
      fc.array(grant, { maxLength: 4 }),
      scope,
      scope,
      fc.constantFrom(...ACTIONS),
      (grants, whole, part, action) => {
        if (!covers(whole, part) || !isAllowed({ grants }, action, whole)) return;
        assert.equal(isAllowed({ grants }, action, part), true);
      },
    ),
    RUNS,
  );
});

test('a grant of one project is not one of all tenants, and an empty id is an id', () => {
  const grants: Grant[] = [{ role: 'admin', tenant: 't', project: 'p' }];
  assert.equal(isAllowed({ grants }, 'telemetry:read', {}), false);
  assert.equal(isAllowed({ grants }, 'telemetry:read', { tenant: 't' }), false);
  assert.equal(isAllowed({ grants }, 'telemetry:read', { tenant: '', project: 'p' }), false);
  assert.equal(isAllowed({ grants }, 'telemetry:read', { tenant: 't', project: 'p', device: 'd' }), true);
});

test('each role may do what the wider ones may, and no viewer changes anything', () => {
  const may = (role: (typeof ROLES)[number]) =>
    ACTIONS.filter((action) => isAllowed({ grants: [{ role }] }, action, {}));
  assert.deepEqual(may('admin'), [...ACTIONS]);
  for (const action of may('viewer')) assert.ok(may('operator').includes(action));
  assert.deepEqual(
    may('viewer').filter((action) => /change|write|publish|audit$/.test(action)),
    [],
  );
  assert.deepEqual(may('device'), ['telemetry:write', 'messages:publish', 'messages:subscribe']);
});

/** Takes one by one until no more may be taken; how many. */
function takeAll(held: number, others: number, max: number): number {
  let taken = held;
  while (mayTake({ held: taken, total: others + taken, max })) taken++;
  return taken - held;
}

test('mayTake gives one tenant seven eighths of a limit, and each who comes later a part of what is left', () => {
  assert.equal(takeAll(0, 0, 800), 700);
  let total = 700;
  const shares = Array.from({ length: 6 }, () => {
    const share = takeAll(0, total, 800);
    total += share;
    return share;
  });
  assert.deepEqual(shares, [33, 22, 15, 10, 6, 4]);
  assert.ok(total <= 800);
  assert.ok(mayTake({ held: 700, total, max: 800 }, 0), 'nothing is always there');
});

test('mayTake never takes beyond the limit, nor more at once than one by one', () => {
  const amount = fc.integer({ min: 0, max: 50 });
  fc.assert(
    fc.property(amount, amount, amount, amount, (held, others, max, count) => {
      if (count === 0 || !mayTake({ held, total: held + others, max }, count)) return;
      assert.ok(held + others + count <= max);
      assert.ok(takeAll(held, others, max) >= count);
    }),
    RUNS,
  );
});

test('ownerOf counts the subjects of one tenant together, and others each for themselves', () => {
  const owner = (name: string, ...grants: Grant[]) => ownerOf({ kind: 'token', name, grants });
  const role = 'operator';
  assert.equal(owner('a', { role, tenant: 't' }), owner('b', { role, tenant: 't', project: 'p' }));
  assert.notEqual(owner('a', { role, tenant: 't' }), owner('a', { role, tenant: 'u' }));
  assert.notEqual(owner('a', { role, tenant: 't' }, { role }), owner('b', { role, tenant: 't' }, { role }));
  assert.notEqual(owner('a'), owner('b'));
});
