/** What a process of a site may be run as. */
export type SiteRole = 'writer' | 'gateway' | 'cloud';

/** What one role of PostgreSQL may do. */
export interface RoleRights {
  /** Its name. */
  readonly name: string;
  /** Rights by table, as GRANT names them. */
  readonly tables: Readonly<Record<string, string>>;
  /** Functions that it may call. */
  readonly functions: readonly string[];
}

const ROW = 'SELECT, INSERT, UPDATE, DELETE';
const UPSERT = 'SELECT, INSERT, UPDATE';
const READ = 'SELECT';

function all<Right extends string>(names: readonly string[], right: Right): Record<string, Right> {
  return Object.fromEntries(names.map((name) => [name, right]));
}

/** Tables that hold what seals carry. */
const SEALED = [
  'sources',
  'folds',
  'devices',
  'series',
  'source_series',
  'seals',
  'verdicts',
  'accounts',
  'gaps',
  'dedupe',
  'latest',
  'dead_letters',
  'stage_rows',
  'session_events',
  'session_clients',
  'device_clients',
  'points',
  'rollups',
];
/** What every role may look at, and `skerry doctor` does. */
const SEEN = ['schema_versions', 'retention'];

/** The least that the processes of a site do their work with: docs/formats/postgres.md. */
export const SITE_RIGHTS: Readonly<Record<SiteRole, RoleRights>> = {
  writer: {
    name: 'skerry_writer',
    tables: {
      ...all([...SEALED, 'sinks', 'sink_refusals', 'roles'], ROW),
      ...all([...SEEN, 'gone', 'drop_waits', 'gateway_journals', 'gateway_accounts'], READ),
    },
    functions: ['make_day', 'make_month', 'drop_day', 'drop_month', 'has_retention', 'set_retention'],
  },
  gateway: {
    name: 'skerry_gateway',
    tables: {
      ...all(['leases', 'gateway_journals', 'gateway_accounts'], UPSERT),
      roles: ROW,
      ...all(SEEN, READ),
    },
    functions: [],
  },
  cloud: {
    name: 'skerry_cloud',
    tables: {
      ...all([...SEALED, ...SEEN, 'gone', 'drop_waits', 'sinks', 'sink_refusals'], READ),
      ...all(['gateway_journals', 'gateway_accounts'], UPSERT),
      roles: ROW,
      access_items: ROW,
      audit_head: UPSERT,
      // nobody changes what was noted
      audit_entries: 'SELECT, INSERT',
    },
    functions: [],
  },
};

/** Tables whose rows `skerry_reader` sees by tenant. */
export const BY_TENANT = ['series', 'devices', 'verdicts', 'dead_letters', 'device_clients'];

/** The role that reads for one tenant. */
export const READER = 'skerry_reader';

/** Names of all roles of a schema. */
export const ROLE_NAMES: readonly string[] = [...Object.values(SITE_RIGHTS).map(({ name }) => name), READER];
