/** Where a file stands, by its path in the repository. */
export interface Place {
  /** Folder under `packages/`, or `testkit`, `tests`, `bench`, `tools`. */
  readonly room: string;
  readonly isPackage: boolean;
  /** A test file, or anything of the folders that hold no product code. */
  readonly isTest: boolean;
}

/** The place of a path. */
export function placeOf(path: string): Place {
  const parts = path.split('/');
  const isPackage = parts[0] === 'packages';
  const room = String(isPackage ? parts[1] : parts[0]);
  return {
    room,
    isPackage,
    isTest: /\.test\.tsx?$/.test(path) || ['tests', 'bench', 'tools'].includes(room),
  };
}

/** Rank of each room; a room imports only rooms of a lower rank. */
export const RANKS: Readonly<Record<string, number>> = {
  kernel: 0,
  client: 0,
  model: 1,
  access: 2,
  mqtt: 2,
  journal: 2,
  series: 2,
  resources: 2,
  link: 2,
  pipeline: 3,
  edge: 4,
  cloud: 4,
  control: 4,
  operate: 4,
  api: 5,
  verify: 5,
  cli: 6,
  testkit: 7,
  tests: 8,
  bench: 8,
  tools: 8,
};

/** Folders that may touch clock, randomness, disk, network and processes directly: adapters, and the command line. */
export const ADAPTERS: readonly string[] = [
  'packages/*/src/node/',
  'packages/mqtt/src/websocket/',
  'packages/series/src/sqlite/',
  'packages/series/src/postgres/',
  'packages/series/src/influx/',
  'packages/series/src/redis/',
  'packages/access/src/sqlite/',
  'packages/access/src/postgres/',
  'packages/control/src/postgres/',
  'packages/client/src/pause.ts',
  'packages/verify/src/',
  'packages/cli/',
  'testkit/',
  'tests/',
  'bench/',
  'tools/',
];

/** Where each dependency may be imported. A dependency that is not listed may be imported nowhere. */
export const TECHNOLOGIES: Readonly<Record<string, readonly string[]>> = {
  'node:sqlite': [
    'packages/series/src/sqlite/',
    'packages/access/src/sqlite/',
    'packages/verify/',
    'packages/cli/',
    'testkit/',
    'tests/',
    'bench/',
  ],
  fastify: ['packages/api/'],
  '@platformatic/kafka': ['packages/journal/src/kafka/', 'testkit/', 'tests/', 'bench/'],
  kafkajs: ['tests/', 'bench/'],
  pg: [
    'packages/control/src/postgres/',
    'packages/series/src/postgres/',
    'packages/access/src/postgres/',
    'testkit/',
    'tests/',
    'bench/',
  ],
  'pg-copy-streams': ['bench/'],
  ioredis: ['packages/series/src/redis/', 'testkit/', 'tests/', 'bench/'],
  ajv: ['packages/api/', 'packages/cli/src/config/', 'tests/'],
  'ajv-formats': ['packages/api/', 'packages/cli/src/config/'],
  yaml: [
    'packages/cli/src/config/',
    'packages/cli/src/output/',
    'packages/cli/src/commands/',
    'packages/console/src/rooms/',
    'tests/',
  ],
  'csv-parse': ['packages/cli/src/recording/'],
  react: ['packages/console/'],
  'react-dom': ['packages/console/'],
  uplot: ['packages/console/'],
  '@tanstack/react-virtual': ['packages/console/'],
  'lucide-react': ['packages/console/'],
  rolldown: ['tools/build-program.mjs'],
  vite: ['packages/console/'],
  '@vitejs/plugin-react': ['packages/console/'],
  'fast-check': ['packages/*/src/**.test.ts', 'packages/*/src/testing/', 'testkit/', 'tests/'],
  'oxc-parser': ['tests/tidy/', 'tools/', 'packages/console/src/**.test.ts'],
  'playwright-core': ['tests/page/', 'testkit/', 'bench/'],
  '@marcbachmann/cel-js': ['packages/pipeline/src/stages/'],
  cborg: ['packages/pipeline/src/decoders/', 'packages/pipeline/src/**.test.ts'],
  '@msgpack/msgpack': ['packages/pipeline/src/decoders/'],
  '@bufbuild/protobuf': ['packages/pipeline/src/decoders/', 'packages/pipeline/src/testing/'],
  dclint: ['tests/deploy/'],
  ws: ['packages/mqtt/src/websocket/', 'tests/'],
  'axe-core': ['tests/page/'],
  '@asyncapi/specs': ['packages/api/', 'tests/'],
  mqtt: ['tests/clients/', 'bench/'],
  'mqtt-packet': ['bench/'],
  aedes: ['bench/'],
  'aedes-persistence-level': ['bench/'],
  '@duckdb/node-api': ['bench/'],
};

/** Whether a path lies in one of the folders; `*` stands for one name, a pattern that ends in a suffix for any depth. */
export function isIn(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => patternOf(folder).test(path));
}

const patterns = new Map<string, RegExp>();

function patternOf(folder: string): RegExp {
  let pattern = patterns.get(folder);
  if (!pattern) {
    const body = folder
      .replaceAll('.', '\\.')
      .replaceAll('**', '§')
      .replaceAll('*', '[^/]+')
      .replaceAll('§', '.*');
    pattern = new RegExp(`^${body}${folder.endsWith('/') ? '' : '$'}`);
    patterns.set(folder, pattern);
  }
  return pattern;
}
