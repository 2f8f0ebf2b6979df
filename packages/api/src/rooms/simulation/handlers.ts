import { isAllowed } from '@skerry/model';
import type { Call, Handlers } from '../../call.ts';
import { ApiError } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { LIMITS } from '../../limits.ts';
import type { Model } from '../../schemas.ts';
import { formatTime } from '../../time.ts';
import type { SimulationEntry, SimulationRequest } from './simulation-desk.ts';

type SimulationIds = 'listSimulations' | 'startSimulation' | 'restartSimulation' | 'stopSimulation';

const DEFAULT_DEVICES = { 'wind-farm': 13, factory: 15, traffic: 10 } as const;

/** Serves the simulations: who may change them in a project may start them there. */
export function simulationHandlers({
  platform,
  access,
  clock,
}: Pick<HandlerNeeds, 'platform' | 'access' | 'clock'>): Handlers<SimulationIds> {
  const desk = platform.simulation;
  /** A seed that nobody chose: no two of a day are alike. */
  const anySeed = () => Math.floor(clock.nowMicros() / 1_000) % 4_294_967_296;
  const find = ({ asker, params }: Call<'stopSimulation' | 'restartSimulation'>): SimulationEntry => {
    const found = desk.list().find(({ id }) => id === params.id);
    if (found && isAllowed(asker.subject, 'simulation:change', found)) return found;
    throw new ApiError('not-found', `no simulation has the id ${JSON.stringify(params.id)}`);
  };
  const noted = async (
    { asker }: Call<'startSimulation' | 'stopSimulation' | 'restartSimulation'>,
    action: string,
    scope: SimulationRequest,
    work: () => Promise<SimulationEntry | undefined>,
  ): Promise<Model<'Simulation'>> => {
    const { tenant, project, world } = scope;
    const note = { author: asker.subject.name, action, target: `Simulation/${world}`, from: asker.from };
    const entry = await access.audit.around({ ...note, scope: { tenant, project } }, work);
    if (!entry) throw new ApiError('not-found', 'the simulation has ended meanwhile');
    return show(entry);
  };
  return {
    listSimulations: async ({ asker }) => ({
      items: desk
        .list()
        .filter((entry) => isAllowed(asker.subject, 'telemetry:read', entry))
        .map(show),
      most: LIMITS.simulationsMax.value,
    }),
    startSimulation: async (call) => {
      const { world, ...rest } = call.body;
      const { devices = DEFAULT_DEVICES[world], seed = anySeed(), rate = 1 } = rest;
      const request = {
        world,
        devices,
        seed,
        rate,
        tenant: rest.tenant ?? 'demo',
        project: rest.project ?? world,
      };
      const { name } = call.asker.subject;
      if (!isAllowed(call.asker.subject, 'simulation:change', request)) {
        throw new ApiError('not-allowed', `${name} may not simulation:change there`);
      }
      return await noted(call, 'simulation.start', request, () => desk.start(request, name));
    },
    restartSimulation: async (call) => {
      const entry = find(call);
      const { seed = anySeed() } = call.body;
      return await noted(call, 'simulation.restart', entry, () =>
        desk.restart(entry.id, seed, call.asker.subject.name),
      );
    },
    stopSimulation: async (call) => {
      const entry = find(call);
      return await noted(call, 'simulation.stop', entry, () => desk.stop(entry.id));
    },
  };
}

function show({ startedMicros, fault, ...entry }: SimulationEntry): Model<'Simulation'> {
  return { ...entry, started: formatTime(startedMicros), fault: fault ?? null };
}
