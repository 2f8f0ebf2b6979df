export * from './generator.ts';
export * from './load/ack-sink.ts';
export * from './load/latency-histogram.ts';
export * from './load/ledger-file.ts';
export * from './load/load-run.ts';
export * from './load/message-shape.ts';
export * from './load/publish-template.ts';
