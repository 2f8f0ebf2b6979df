import { LIMITS } from '../../limits.ts';
import { count, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { CHAOS_FATES, CHAOS_INPUTS, CHAOS_LEVELS, CHAOS_STATES, CHAOS_VERDICTS } from './chaos-desk.ts';
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

const fateOf = (what: string) =>
  object(what, {
    kind: oneOfWords(
      'What it is: `nothing` is acknowledged and not found again in time, `acknowledged` was not looked up.',
      CHAOS_FATES,
    ),
    reason: nullable(text('Reason of the dead letter.')),
    code: nullable(count('Reason code of MQTT, where one was told.')),
  });

const chaosRow = object(
  'One kind of bad input and what was answered to it. Inputs of a kind that were answered alike are one row.',
  {
    input: oneOfWords('What was sent.', CHAOS_INPUTS),
    level: nullable(oneOfWords('Version of MQTT; null where it is the same in all.', CHAOS_LEVELS)),
    inputs: count('How many inputs it stands for.'),
    expected: fateOf('What should become of it.'),
    answer: fateOf('What became of it.'),
    verdict: oneOfWords('Whether that is what is expected.', CHAOS_VERDICTS),
    letter: nullable(count('Offset of its dead letter, where whoever asks may read it.')),
    detail: text('What the dead letter says was found and wanted; empty where there is none.'),
  },
);

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
  ChaosRequest: object(
    'A chaos run to be started.',
    { tenant: id('Tenant id under which the bad inputs are sent; `chaos` when absent.') },
    ['tenant'],
  ),
  ChaosRun: object('A chaos run: under way, or what it found. It is forgotten with the process.', {
    id: text('Its id.'),
    tenant: text('Tenant id.'),
    project: text('Project id: one of its own.'),
    author: text('Who started it.'),
    started: time('When.'),
    state: oneOfWords('How it stands.', CHAOS_STATES),
    sent: count('Inputs that were sent and judged.'),
    inputs: count('Inputs in all.'),
    counts: object('How many inputs became what.', {
      stored: count('Were stored.'),
      deadLettered: count('Became dead letters.'),
      refused: count('Were refused with a reason, and the connection stayed.'),
      closed: count('Ended their connection.'),
      wrong: count('Were not answered as expected.'),
    }),
    rows: list(chaosRow),
    fault: nullable(text('Why it failed; null where it did not.')),
  }),
  ChaosList: object('The newest chaos run of each tenant, newest first.', {
    items: list(ref('ChaosRun')),
    inputs: count('How many bad inputs a run sends.'),
  }),
} as const;
