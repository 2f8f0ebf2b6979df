import { FakeClock } from '@skerry/kernel/testing';
import { MemoryPlatform } from './memory-platform.ts';
import { testPlatform } from './platform-suite.ts';

testPlatform('MemoryPlatform', async () => {
  const platform = new MemoryPlatform(new FakeClock());
  let end = 0;
  return {
    platform,
    publish: async (records) => {
      platform.ingest(records);
      end += records.length;
      return end - records.length;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});
