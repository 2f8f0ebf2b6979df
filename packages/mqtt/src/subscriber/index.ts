export { filterMatches } from '../broker/topic-filter.ts';
export * from './broker-url.ts';
export * from './filter-book.ts';
export * from './ingress-consumer.ts';
export * from './ingress-split.ts';
export * from './session-file.ts';
export * from './session-store.ts';
export * from './subscriber.ts';
export * from './subscriber-options.ts';
