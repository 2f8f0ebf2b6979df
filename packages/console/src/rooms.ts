import type { Room } from './room.ts';
import { ABOUT } from './rooms/about/room.ts';
import { ACCESS } from './rooms/access/room.ts';
import { AUDIT } from './rooms/audit/room.ts';
import { CONNECT } from './rooms/connect/room.ts';
import { DEAD_LETTERS } from './rooms/dead-letters/room.ts';
import { DEVICES } from './rooms/devices/room.ts';
import { LEDGER } from './rooms/ledger/room.ts';
import { OVERVIEW } from './rooms/overview/room.ts';
import { PIPELINE } from './rooms/pipeline/room.ts';
import { SETTINGS } from './rooms/settings/room.ts';
import { SIMULATION } from './rooms/simulation/room.ts';

/** Every room of the console, in the order of the navigation. */
export const ROOMS: readonly Room[] = [
  OVERVIEW,
  DEVICES,
  PIPELINE,
  DEAD_LETTERS,
  LEDGER,
  CONNECT,
  SIMULATION,
  ACCESS,
  AUDIT,
  SETTINGS,
  ABOUT,
];

/** The room of an address and the parts behind its name; undefined where there is none. */
export function roomOf(
  parts: readonly string[],
): { readonly room: Room; readonly rest: readonly string[] } | undefined {
  const [name = '', ...rest] = parts;
  const room = ROOMS.find((one) => one.name === name);
  const isKnown = room?.knows ? room.knows(rest) : rest.length === 0;
  return room && isKnown ? { room, rest } : undefined;
}
