export { testLeaseBook } from './lease-suite.ts';
