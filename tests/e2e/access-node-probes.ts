// Probes of what is of the whole node: its metrics, limits, configuration.
import { always, everywhere, letIn, never, of, type Probe, pipelineOf } from './access-probe.ts';
import { ALL, type Answered, mayNaively, maySomewhere } from './access-world.ts';

/** Operations of the process, by their names. */
export const NODE_PROBES = {
  listLimits: async ({ world, asking }) => {
    const answer = await world.ask(asking, 'GET', '/api/v1/limits');
    const isLetIn = letIn(answer);
    const items: { current: number | null }[] = isLetIn ? JSON.parse(answer.text).items : [];
    const isMeasured = items.some(({ current }) => current !== null);
    return [
      { isLetIn, isWanted: maySomewhere(asking, 'platform'), where: '' },
      { isLetIn: isMeasured, isWanted: mayNaively(asking, 'platform', ALL), where: 'how near' },
    ];
  },
  getConfig: async ({ world, asking }) => {
    const answer = await world.ask(asking, 'GET', '/api/v1/config');
    const isLetIn = letIn(answer);
    const isFull = isLetIn && Object.keys(JSON.parse(answer.text).values).length > 0;
    return [
      { isLetIn, isWanted: maySomewhere(asking, 'platform'), where: '' },
      { isLetIn: isFull, isWanted: mayNaively(asking, 'platform', ALL), where: 'values' },
    ];
  },
  listRoles: of('GET', '/api/v1/pipeline/roles', everywhere('platform')),
  listPartitions: of('GET', '/api/v1/pipeline/partitions', everywhere('platform')),
  listSinks: of('GET', '/api/v1/pipeline/sinks', everywhere('platform')),
  listSources: of('GET', '/api/v1/pipeline/sources', everywhere('platform')),
  // without TLS there is none
  getOnboardingCertificate: of('GET', '/api/v1/onboarding/certificate', never),
  getHealth: of('GET', '/health', always),
  getReadiness: of('GET', '/ready', always),
  getMetrics: async ({ world, asking }) => {
    const told = await world.ask(asking, 'GET', '/metrics');
    const open = await world.ask({ headers: {} }, 'GET', '/metrics'); // on loopback
    const isWanted = mayNaively(asking, 'platform', ALL);
    const isNamed = (name: string, { text }: Answered) => text.includes(`pipeline="${name}"`);
    const names = [...new Set(world.places.map((place) => pipelineOf(world, place)))];
    const isTold = letIn(told, [403]) && told.text.includes('iot_');
    return [
      { isLetIn: isTold, isWanted, where: '' },
      { isLetIn: letIn(open), isWanted: true, where: 'without credentials' },
      ...names.flatMap((name) => [
        { isLetIn: isNamed(name, told), isWanted, where: name },
        { isLetIn: isNamed(name, open), isWanted: false, where: `${name} without credentials` },
      ]),
    ];
  },
} satisfies Readonly<Record<string, Probe>>;
