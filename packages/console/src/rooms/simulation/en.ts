import { formatRate } from '../../format.ts';
import { count, things } from '../../words/english.ts';

/** Texts of the simulation, in English. */
export const en = {
  title: 'Simulation',
  lead: 'Simulated devices publish over MQTT like real ones, so everything in the console can be tried without hardware.',
  start: 'Start a simulation',
  world: 'What is simulated',
  worlds: { 'wind-farm': 'Wind farm', factory: 'Factory', traffic: 'Traffic' },
  worldWords: {
    'wind-farm': 'Turbines with wind, power curve, temperatures, wear and faults.',
    factory: 'Machines that run, heat up, stop and are repaired.',
    traffic: 'Counters at crossings with rush hours and jams.',
  },
  devices: 'Devices',
  rate: 'Messages a second',
  rateHint: 'Of each device.',
  seed: 'Seed',
  seedHint: 'The same seed gives the same course of events. Empty: a new one.',
  tenant: 'Tenant',
  project: 'Project',
  projectHint: 'Empty: the name of the world.',
  outOfRange: (from: string, to: string) => `A number from ${from} to ${to} is wanted.`,
  wholeOutOfRange: (from: string, to: string) => `A whole number from ${from} to ${to} is wanted.`,
  ends: 'It publishes until it is stopped, or until the server ends: it does not begin again with the server.',
  load: (messages: number) =>
    `That makes ${formatRate(messages)} ${messages === 1 ? 'message' : 'messages'} a second.`,
  go: 'Start',
  going: 'Starting…',
  running: 'Running',
  slots: (running: number, most: number) => `${count(running)} of at most ${count(most)}`,
  full: (most: number) => `${things(most, 'simulation')} run already. Stop one to start another.`,
  none: 'No simulation is running.',
  started: (author: string, ago: string, isDemo: boolean) =>
    `started ${ago} by ${author}; ${isDemo ? 'begins again with the server' : 'ends with the server'}`,
  published: 'Published',
  acked: 'Acknowledged',
  facts: (devices: number, rate: number, seed: string) =>
    `${things(devices, 'device')}, ${formatRate(rate)} ${rate === 1 ? 'message' : 'messages'} of each a second, seed ${seed}`,
  show: 'See its devices',
  stop: 'Stop',
  again: 'Begin anew',
  asks: {
    again: {
      title: (name: string) => `Begin ${name} anew?`,
      words:
        'Its devices disconnect, and the same world begins from its first moment with a new seed. What was published stays.',
    },
    stop: {
      title: (name: string) => `Stop ${name}?`,
      words: 'Its devices disconnect and send nothing more. What was published stays until it ages out.',
    },
  },
  stopped: 'The simulation has ended. What it published stays until it ages out.',
  begun: 'The simulation has begun.',
  fault: (detail: string) => `It ended by itself: ${detail}`,
};

/** Shape of the texts of the simulation. */
export type SimulationWords = typeof en;
