export { nodeScrypt } from './scrypt.ts';
