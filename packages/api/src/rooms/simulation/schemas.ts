import { LIMITS } from '../../limits.ts';
import { count, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { SIMULATED_WORLDS } from './simulation-desk.ts';

/** What may stand in a topic as an id. */
const ID = '^[^\\u0000-\\u001f\\u007f-\\u009f#+/]+$';

const id = (what: string) => text(what, { minLength: 1, maxLength: LIMITS.idCharsMax.value, pattern: ID });

const seed = {
  type: 'integer',
  minimum: 0,
  maximum: 4_294_967_295,
  description: 'The same seed gives the same course of events.',
} as const;

const devices = {
  type: 'integer',
  minimum: 1,
  maximum: LIMITS.simulationDevicesMax.value,
  description: 'Devices in all.',
} as const;

const rate = {
  type: 'number',
  minimum: 0.01,
  maximum: LIMITS.simulationRateMax.value,
  description: 'Messages of each device a second.',
} as const;

const world = oneOfWords('What is simulated.', SIMULATED_WORLDS);

/** What this room takes and answers. */
export const SIMULATION_SCHEMAS = {
  SimulationRequest: object(
    'A simulation to be started.',
    {
      world,
      devices,
      seed,
      rate,
      tenant: id('Tenant id; `demo` when absent.'),
      project: id('Project id; the name of the world when absent.'),
    },
    ['devices', 'seed', 'rate', 'tenant', 'project'],
  ),
  SimulationRestart: object('How a simulation begins anew.', { seed }, ['seed']),
  Simulation: object('A simulation. It ends with the process.', {
    id: text('Its id.'),
    world,
    devices,
    seed,
    rate,
    tenant: text('Tenant id.'),
    project: text('Project id.'),
    author: text('Who started it.'),
    started: time('When.'),
    published: count('Messages published.'),
    acked: count('Messages acknowledged.'),
    fault: nullable(text('Why it ended by itself; null while it runs.')),
  }),
  SimulationList: object('Simulations by their start.', {
    items: list(ref('Simulation')),
    most: count('How many may run at a time.'),
  }),
} as const;
