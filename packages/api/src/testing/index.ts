export { OPERATIONS, type OperationId } from '../operations.ts';
export { PAGE_ROOMS } from '../page.ts';
export * from './memory-platform.ts';
export * from './memory-site.ts';
export * from './platform-suite.ts';
export * from './scene.ts';
export * from './wire-schema.ts';
