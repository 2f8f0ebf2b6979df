/** Names of the profiles of `retention.profile`. */
export const PROFILE_NAMES = ['default', 'long'] as const;

/** One of them. */
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** What a profile says, by path; `sinks.` stands for each sink of the list. */
type ProfileValues = Readonly<
  Record<
    | 'journal.hoursMax'
    | 'series.rawDays'
    | 'series.rollupDays'
    | 'series.chunkHours'
    | 'series.compressAfterDays'
    | 'kafka.retentionHours'
    | 'sinks.retentionHours',
    number
  >
>;

/** How long is kept what, by the name of the profile. Each value can be set on its own, which is stronger. */
export const RETENTION_PROFILES: Readonly<Record<ProfileName, ProfileValues>> = {
  default: {
    'journal.hoursMax': 72,
    'series.rawDays': 3,
    'series.rollupDays': 90,
    'series.chunkHours': 24,
    'series.compressAfterDays': 0,
    'kafka.retentionHours': 72,
    'sinks.retentionHours': 72,
  },
  long: {
    'journal.hoursMax': 168,
    'series.rawDays': 90,
    'series.rollupDays': 90,
    'series.chunkHours': 24,
    'series.compressAfterDays': 7,
    'kafka.retentionHours': 168,
    'sinks.retentionHours': 2_160,
  },
};

/** What a profile says about a path; undefined where it says nothing, or is no profile. */
export function profileValue(profile: unknown, path: string): number | undefined {
  const name = PROFILE_NAMES.find((one) => one === profile);
  const values: Readonly<Record<string, number>> = name === undefined ? {} : RETENTION_PROFILES[name];
  return values[path];
}
