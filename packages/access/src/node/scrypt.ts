import { scrypt } from 'node:crypto';
import type { PasswordHasher } from '../password-hasher.ts';

const HASH_BYTES = 32;

/** Node's scrypt, in a thread of libuv's pool. */
export const nodeScrypt: PasswordHasher = (password, salt, { n, r, p }) =>
  new Promise((resolve, reject) => {
    const maxmem = 2 * 128 * n * r + 2 ** 20; // what OpenSSL counts beside the table is less than a MiB
    scrypt(password, salt, HASH_BYTES, { N: n, r, p, maxmem }, (fault, hash) => {
      if (fault) reject(fault);
      else resolve(hash);
    });
  });
