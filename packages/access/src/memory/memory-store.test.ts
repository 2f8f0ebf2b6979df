import { testAccessStore } from '../testing/store-suite.ts';
import { MemoryAccessStore } from './memory-store.ts';

testAccessStore('MemoryAccessStore', async () => new MemoryAccessStore());
