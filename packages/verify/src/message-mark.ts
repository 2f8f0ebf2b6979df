import { createHash } from 'node:crypto';
import type { DeviceKey } from '@skerry/model';

/** The number that stands for a device in the marks of its messages (docs/formats/sender-ledger.md), below 2^32. */
export function deviceSeed({ tenant, project, device }: DeviceKey): number {
  return createHash('sha256').update(`${tenant}\0${project}\0${device}`).digest().readUInt32LE(0);
}

/** The mark of a message: metric `h` of its payload, below 2^32. */
export function messageMark(seed: number, epoch: number, seq: number): number {
  return mix(mix(seed + Math.imul(epoch, 0x9e3779b9)) + Math.imul(seq, 0xcc9e2d51));
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
