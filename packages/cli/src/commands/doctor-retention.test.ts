import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../config/load.ts';
import { jobFindings, retentionFindings } from './doctor-retention.ts';

const configOf = (environment: Record<string, string>) =>
  loadConfig({ file: undefined, environment: { XDG_DATA_HOME: '/tmp/x', ...environment }, flags: {} }).config;

test('retentionFindings: tells what is in force, and the policies that can never act with what to change', () => {
  const [whole] = retentionFindings(configOf({ SKERRY_RETENTION_PROFILE: 'long' }));
  assert.equal(whole?.verdict, 'ok');
  assert.equal(
    whole?.found,
    'profile long, points 90 days, compressed after 7, rollups 90 days, journal 168 h',
  );
  const findings = retentionFindings(
    configOf({
      SKERRY_RETENTION_PROFILE: 'long',
      SKERRY_SERIES_RAW_DAYS: '7',
      SKERRY_KAFKA_BROKERS: 'k:9092',
      SKERRY_KAFKA_RETENTION_HOURS: '2',
    }),
  );
  assert.deepEqual(
    findings.map(({ check, verdict }) => [check, verdict]),
    [
      ['retention', 'fault'],
      ['kafka retention', 'warning'],
    ],
  );
  assert.match(String(findings[0]?.found), /series\.compressAfterDays: found 7 with series\.rawDays 7/);
  assert.match(String(findings[1]?.found), /SkerryRetentionNear calls, 55 min are left/);
});

const HEALTHY = [
  { job_id: 1, relation: '', policy: 'retain_points', days: '3' },
  ...['points_minutes', 'points_hours', 'points_days'].flatMap((relation, i) => [
    {
      job_id: 10 + i,
      relation,
      policy: 'policy_refresh_continuous_aggregate',
      start: String(3 * 86_400),
      end: i === 2 ? '86400' : '300',
    },
    { job_id: 20 + i, relation, policy: 'policy_retention', drop: String(90 * 86_400) },
  ]),
].map((one) => ({ scheduled: true, last_run_status: 'Success', isLate: false, ...one }));
const COMPRESSION = {
  job_id: 2,
  relation: 'points',
  policy: 'policy_compression',
  compress: '172800',
  scheduled: true,
};
const fine = { maxWorkers: 16, maxProcesses: 20, compressDays: 0 };

test('jobFindings: what is whole is told in one line', () => {
  assert.deepEqual(
    jobFindings(HEALTHY, fine).map(({ verdict, found }) => [verdict, found]),
    [['ok', '7 jobs delete, refresh and compress']],
  );
  assert.equal(jobFindings([...HEALTHY, COMPRESSION], { ...fine, compressDays: 2 })[0]?.verdict, 'ok');
});

/** Words that `jobFindings` finds when the jobs are changed. */
const CASES: readonly (readonly [string, Parameters<typeof jobFindings>, RegExp, RegExp])[] = [
  [
    'the deletion is missing',
    [HEALTHY.slice(1), fine],
    /^missing: retain_points$/,
    /Start one skerry writer again/,
  ],
  [
    'compression is missing',
    [HEALTHY, { ...fine, compressDays: 2 }],
    /^missing: policy_compression of points$/,
    /Start one/,
  ],
  [
    'a job is paused',
    [[{ ...HEALTHY[0], scheduled: false }, ...HEALTHY.slice(1)], fine],
    /^retain_points: it is paused$/,
    /alter_job\(1, scheduled => true\)/,
  ],
  [
    'a job fails',
    [[{ ...HEALTHY[0], last_run_status: 'Failed' }, ...HEALTHY.slice(1)], fine],
    /retain_points: its last run failed/,
    /job_errors WHERE job_id = 1/,
  ],
  [
    'a job does not run',
    [[{ ...HEALTHY[0], isLate: true }, ...HEALTHY.slice(1)], fine],
    /has not run for three times/,
    /max_worker_processes/,
  ],
  ['nothing runs', [HEALTHY, { ...fine, maxWorkers: 0 }], /max_background_workers 0/, /16 or more/],
  [
    'compression comes after deletion',
    [[...HEALTHY, { ...COMPRESSION, compress: '259200' }], { ...fine, compressDays: 3 }],
    /compressed after 3 days and deleted after 3: compression never acts/,
    /series\.compressAfterDays/,
  ],
  [
    'points have two deletions',
    [[...HEALTHY, { ...COMPRESSION, policy: 'policy_retention', drop: '86400' }], fine],
    /deletes points whether rollups have them or not/,
    /remove_retention_policy/,
  ],
  [
    'a refresh is too narrow',
    [
      HEALTHY.map((one) =>
        'start' in one && one.relation === 'points_days' ? { ...one, start: '172800' } : one,
      ),
      fine,
    ],
    /^points_days: its refresh looks at less than two buckets/,
    /Start one/,
  ],
  [
    'buckets go before they are whole',
    [
      HEALTHY.map((one) =>
        'drop' in one && one.relation === 'points_days' ? { ...one, drop: '43200' } : one,
      ),
      fine,
    ],
    /points_days: kept for 43200 s, less than one bucket/,
    /series\.rollupDays/,
  ],
];

test('jobFindings: a server with too few processes for the jobs is warned of', () => {
  const [finding] = jobFindings(HEALTHY, { ...fine, maxProcesses: 8 });
  assert.equal(finding?.verdict, 'warning');
  assert.match(String(finding?.advice), /max_worker_processes to 20 or more/);
});

for (const [name, [rows, state], found, advice] of CASES)
  test(`jobFindings: ${name}`, () => {
    const findings = jobFindings(rows, state);
    assert.equal(findings.length, 1, JSON.stringify(findings));
    assert.equal(findings[0]?.verdict, 'fault');
    assert.match(String(findings[0]?.found), found);
    assert.match(String(findings[0]?.advice), advice);
  });
