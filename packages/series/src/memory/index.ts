export { MemoryStore, type MemoryStoreNeeds } from './memory-store.ts';
