import type { Operation } from '../../operation.ts';
import { object, text } from '../../schema-kit.ts';

const one = object('', {
  id: text('Id of the simulation; `demo` is that of the demo.', { minLength: 1, maxLength: 64 }),
});
const TAG = 'Simulation';

/** What can be asked of this room. */
export const SIMULATION_OPERATIONS = {
  listSimulations: {
    method: 'GET',
    path: '/api/v1/simulations',
    tag: TAG,
    summary: 'Simulations that run',
    answer: 'SimulationList',
    faults: [],
    may: 'telemetry:read',
  },
  startSimulation: {
    method: 'POST',
    path: '/api/v1/simulations',
    tag: TAG,
    summary: 'Starts a simulated world that publishes over MQTT, as `skerry simulate` does',
    body: 'SimulationRequest',
    answer: 'Simulation',
    faults: ['invalid-request', 'too-many-simulations', 'unavailable', 'not-allowed'],
    may: 'simulation:change',
  },
  restartSimulation: {
    method: 'POST',
    path: '/api/v1/simulations/{id}/restart',
    tag: TAG,
    summary: 'Begins a simulation anew; what it published stays stored until it ages out',
    params: one,
    body: 'SimulationRestart',
    answer: 'Simulation',
    faults: ['invalid-request', 'not-found', 'unavailable'],
    may: 'simulation:change',
  },
  stopSimulation: {
    method: 'DELETE',
    path: '/api/v1/simulations/{id}',
    tag: TAG,
    summary: 'Ends a simulation; what it published stays stored until it ages out',
    params: one,
    answer: 'Simulation',
    faults: ['not-found'],
    may: 'simulation:change',
  },
  listChaos: {
    method: 'GET',
    path: '/api/v1/chaos',
    tag: TAG,
    summary: 'Chaos runs: what was sent, what was refused, what became a dead letter',
    answer: 'ChaosList',
    faults: [],
    may: 'dead-letters:read',
  },
  startChaos: {
    method: 'POST',
    path: '/api/v1/chaos',
    tag: TAG,
    summary: 'Sends every bad input over MQTT and looks up what is answered, as `skerry simulate chaos` does',
    body: 'ChaosRequest',
    answer: 'ChaosRun',
    faults: ['invalid-request', 'too-many-simulations', 'unavailable', 'not-allowed'],
    may: 'simulation:change',
  },
  stopChaos: {
    method: 'DELETE',
    path: '/api/v1/chaos/{id}',
    tag: TAG,
    summary: 'Ends a chaos run; what it sent stays, and what it found so far, too',
    params: object('', { id: text('Id of the run.', { minLength: 1, maxLength: 64 }) }),
    answer: 'ChaosRun',
    faults: ['not-found'],
    may: 'simulation:change',
  },
} as const satisfies Readonly<Record<string, Operation>>;
