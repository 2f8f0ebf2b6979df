import { Factory } from './factory.ts';
import { Traffic } from './traffic.ts';
import { WindFarm } from './wind-farm.ts';
import type { World, WorldName, WorldOptions } from './world.ts';

/** What a world is made of unless it is told, and what it is in words. */
export interface WorldEntry {
  readonly what: string;
  readonly devices: number;
  open(options: WorldOptions): World;
}

/** Every world by its name. */
export const WORLDS: Readonly<Record<WorldName, WorldEntry>> = {
  'wind-farm': {
    what: 'Turbines in gusty wind, with wear and faults, and a met mast.',
    devices: 13,
    open: (options) => new WindFarm(options),
  },
  factory: {
    what: 'Stations that make parts and vehicles that carry them, with batteries and OEE.',
    devices: 15,
    open: (options) => new Factory(options),
  },
  traffic: {
    what: 'Crossings with lights, queues and buttons for those on foot, and the air beside them.',
    devices: 10,
    open: (options) => new Traffic(options),
  },
};
