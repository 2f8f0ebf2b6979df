import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConnectionEvent, spansOf } from './connection-spans.ts';

function event(at: number, kind: ConnectionEvent['kind'], reason: string = kind, who = 'a'): ConnectionEvent {
  return { at, kind, reason, who };
}

test('spansOf covers the range without holes, beginning with what was known before it', () => {
  const events = [event(5, 'connected', 'connect'), event(20, 'disconnected', 'keep-alive')];
  assert.deepEqual(spansOf(events, 10, 30), [
    { from: 10, to: 20, state: 'connected', reason: 'connect' },
    { from: 20, to: 30, state: 'disconnected', reason: 'keep-alive' },
  ]);
  assert.deepEqual(spansOf(events, 0, 30), [
    { from: 0, to: 5, state: 'unknown', reason: '' },
    { from: 5, to: 20, state: 'connected', reason: 'connect' },
    { from: 20, to: 30, state: 'disconnected', reason: 'keep-alive' },
  ]);
  assert.deepEqual(spansOf([], 0, 9), [{ from: 0, to: 9, state: 'unknown', reason: '' }]);
});

test('spansOf leaves out what is beyond the range, and a connection that was taken over goes on', () => {
  const events = [event(1, 'connected'), event(2, 'disconnected', 'taken-over'), event(2, 'connected')];
  assert.deepEqual(
    spansOf([...events, event(50, 'disconnected')], 0, 10).map(({ from, to, state }) => [from, to, state]),
    [
      [0, 1, 'unknown'],
      [1, 2, 'connected'],
      [2, 10, 'connected'],
    ],
  );
});

test('spansOf says connected while any of the clients is', () => {
  const events = [
    event(1, 'connected', 'connected', 'a'),
    event(2, 'connected', 'connected', 'b'),
    event(3, 'disconnected', 'network', 'a'),
    event(4, 'disconnected', 'client-disconnect', 'b'),
  ];
  assert.deepEqual(
    spansOf(events, 1, 9).map(({ from, state, reason }) => [from, state, reason]),
    [
      [1, 'connected', 'connected'],
      [4, 'disconnected', 'client-disconnect'],
    ],
  );
});
