import { after } from 'node:test';
import { testSeriesStore } from '@skerry/series/testing';
import { startPostgres } from '@skerry/testkit/engines';
import { openHarness } from './scene.ts';

const server = await startPostgres({ settings: { max_locks_per_transaction: '256' } });
after(() => server[Symbol.asyncDispose]());

testSeriesStore('PostgresStore', () => openHarness(server));
