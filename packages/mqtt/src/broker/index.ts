export type { BrokerLimits } from './broker-limits.ts';
export { FaultNotices } from './fault-notices.ts';
export * from './open-broker.ts';
export { filterMatches, judgeTopicFilter, judgeTopicName } from './topic-filter.ts';
