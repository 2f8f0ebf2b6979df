import type { DeviceKey, PointValue } from '@skerry/model';
import type { NewestPoint } from '../postgres/latest-book.ts';
import { redisScript } from './redis-link.ts';

/*
  Keys, all in one slot (docs/formats/latest-cache.md):
    {skerry:<site>}:marks                         hash: g generation, v count of wanted bits, w bitmap of wanted devices,
                                                  s<source> number of the last seal that is in the cache
    {skerry:<site>}:device:<g>:<tenant>\0<project>\0<device>
                                                  hash: m<metric> newest point; ? token while it is filled, ! once it is whole
  A point: time:position:ordinal:<type><value>.
*/

/** Bits of the bitmap of wanted devices. */
export const WANTED_BITS = 65_536;
/** Field of a device's hash that says that it is whole. */
export const WHOLE = '!';

/** Key of the marks of a site. */
export function marksKey(site: string): string {
  return `{skerry:${site}}:marks`;
}

/** Key of a device in a generation. */
export function deviceKey(site: string, generation: string, { tenant, project, device }: DeviceKey): string {
  return `{skerry:${site}}:device:${generation}:${tenant}\u0000${project}\u0000${device}`;
}

/** The bit of a device: FNV-1a over its names. */
export function bitOf({ tenant, project, device }: DeviceKey): number {
  let hash = 0x811c9dc5;
  for (const text of [tenant, '\u0000', project, '\u0000', device]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % WANTED_BITS;
}

/** Whether a bitmap has a bit; the least significant first. */
export function hasBit(bitmap: Uint8Array, bit: number): boolean {
  return (Number(bitmap[bit >> 3]) & (1 << (bit & 7))) !== 0;
}

/** A point as a field has it. */
export function pointText({ timeMicros, offset, ordinal, value }: Omit<NewestPoint, 'series'>): string {
  return `${timeMicros}:${offset}:${ordinal}:${valueText(value)}`;
}

/** The time and value of a field; undefined for anything else. */
export function readPoint(
  text: string,
): { readonly timeMicros: number; readonly value: PointValue } | undefined {
  const [, time = '', type = '', rest = ''] = /^(-?\d+):\d+:\d+:([nitb])(.*)$/s.exec(text) ?? [];
  if (type === '') return undefined;
  return { timeMicros: Number(time), value: valueOfText(type, rest) };
}

function valueText(value: PointValue): string {
  if (typeof value === 'number') return `n${value}`;
  if (typeof value === 'bigint') return `i${value}`;
  return typeof value === 'string' ? `t${value}` : `b${value ? 1 : 0}`;
}

function valueOfText(type: string, text: string): PointValue {
  if (type === 'n') return Number(text);
  if (type === 'i') return BigInt(text);
  return type === 't' ? text : text === '1';
}

const MERGE = `
local function place(text)
  local time, position, ordinal = string.match(text, '^(-?%d+):(%d+):(%d+):')
  return tonumber(time), tonumber(position), tonumber(ordinal)
end
local function merge(key, field, fresh)
  local known = redis.call('HGET', key, field)
  if known then
    local t1, p1, o1 = place(known)
    local t2, p2, o2 = place(fresh)
    if t2 < t1 or (t2 == t1 and (p2 < p1 or (p2 == p1 and o2 <= o1))) then return end
  end
  redis.call('HSET', key, field, fresh)
end
`;

/** marks; generation, expiry in ms, then source and seal in turn. Begins a generation where there is none: 1, else 0. */
export const BEGIN = redisScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'g', ARGV[1], 'v', 0, 'w', string.rep('\\0', ${WANTED_BITS / 8}))
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], 's' .. ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);

/** marks; generation. Ends that generation: what is in it is read by nobody from the next look on. */
export const DROP = redisScript(`
if redis.call('HGET', KEYS[1], 'g') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** marks, device; generation, bit, token, time in ms. Announces that a device will be filled: 1, or 0 where another does so. */
export const WANT = redisScript(`
if redis.call('HGET', KEYS[1], 'g') ~= ARGV[1] then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local at = math.floor(ARGV[2] / 8) + 1
local mask = bit.lshift(1, ARGV[2] % 8)
local wanted = redis.call('HGET', KEYS[1], 'w')
local byte = string.byte(wanted, at)
if bit.band(byte, mask) == 0 then
  redis.call('HSET', KEYS[1], 'w',
    string.sub(wanted, 1, at - 1) .. string.char(bit.bor(byte, mask)) .. string.sub(wanted, at + 1))
  redis.call('HINCRBY', KEYS[1], 'v', 1)
end
redis.call('HSET', KEYS[2], '?', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1`);

/** marks, device; generation, token, then metric and point in turn. What writers put there meanwhile stays where it is newer. */
export const FILL = redisScript(`${MERGE}
if redis.call('HGET', KEYS[1], 'g') ~= ARGV[1] or redis.call('HGET', KEYS[2], '?') ~= ARGV[2] then return 0 end
for i = 3, #ARGV, 2 do merge(KEYS[2], 'm' .. ARGV[i], ARGV[i + 1]) end
redis.call('HDEL', KEYS[2], '?')
redis.call('HSET', KEYS[2], '${WHOLE}', 1)
redis.call('PEXPIRE', KEYS[2], math.max(1, redis.call('PTTL', KEYS[1])))
return 1`);

/** device; token. Takes the announcement back. */
export const RELEASE = redisScript(`
if redis.call('HGET', KEYS[1], '?') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`);

/** marks; source, known generation, known count of bits. The generation, the mark of the source, the count, and the bitmap where it has changed. */
export const PEEK = redisScript(`
local m = redis.call('HMGET', KEYS[1], 'g', 's' .. ARGV[1], 'v')
if not m[1] then return {} end
if m[1] == ARGV[2] and m[3] == ARGV[3] then return {m[1], m[2] or '', m[3]} end
return {m[1], m[2] or '', m[3], redis.call('HGET', KEYS[1], 'w')}`);

/** marks, devices; generation, source, seal (empty while more follows), then for each device: count, metric and point in turn. -1 when the generation has ended. */
export const APPLY = redisScript(`${MERGE}
if redis.call('HGET', KEYS[1], 'g') ~= ARGV[1] then return -1 end
local at = 4
for k = 2, #KEYS do
  local last = at + 2 * tonumber(ARGV[at])
  if redis.call('EXISTS', KEYS[k]) == 1 then
    for i = at + 1, last, 2 do merge(KEYS[k], 'm' .. ARGV[i], ARGV[i + 1]) end
  end
  at = last + 1
end
if ARGV[3] ~= '' then
  local known = redis.call('HGET', KEYS[1], 's' .. ARGV[2])
  if not known or tonumber(known) < tonumber(ARGV[3]) then redis.call('HSET', KEYS[1], 's' .. ARGV[2], ARGV[3]) end
end
return 1`);
