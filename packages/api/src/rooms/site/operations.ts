import type { Operation } from '../../operation.ts';

const ofSite = { method: 'GET', tag: 'Site', faults: [], may: 'platform:read', isOfAll: true } as const;

/** What can be asked of this room. */
export const SITE_OPERATIONS = {
  listRoles: {
    ...ofSite,
    path: '/api/v1/pipeline/roles',
    summary: 'The processes of the site, and how each does',
    description:
      'A process tells of itself every few seconds. One that has stopped to tell is `silent`, with the age of its last word, whatever that was.',
    answer: 'RoleList',
  },
  listPartitions: {
    ...ofSite,
    path: '/api/v1/pipeline/partitions',
    summary: 'Where records wait to be stored: owner, position, lag, and when retention would remove them',
    answer: 'PartitionList',
  },
  listSinks: {
    ...ofSite,
    path: '/api/v1/pipeline/sinks',
    summary: 'The stores of points: what each has, and what keeps it from the rest',
    answer: 'SinkList',
  },
  listSources: {
    ...ofSite,
    path: '/api/v1/pipeline/sources',
    summary:
      'External MQTT brokers with the subscriptions of each gateway, refused and downgraded ones among them',
    answer: 'SourceList',
  },
} as const satisfies Readonly<Record<string, Operation>>;
