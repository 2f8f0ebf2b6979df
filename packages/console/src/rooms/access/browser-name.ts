/** Browsers by what is in their own description, those that also name others first. */
const BROWSERS: readonly (readonly [mark: string, name: string])[] = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
];

const SYSTEMS: readonly (readonly [mark: string, name: string])[] = [
  ['Windows', 'Windows'],
  ['Android', 'Android'],
  ['iPhone', 'iOS'],
  ['iPad', 'iPadOS'],
  ['Mac OS X', 'macOS'],
  ['Linux', 'Linux'],
];

/** A browser as people call it, with its system; its own words where it is none that is known. */
export function browserOf(agent: string): string {
  const named = (list: typeof BROWSERS) => list.find(([mark]) => agent.includes(mark))?.[1];
  const browser = named(BROWSERS);
  if (browser === undefined) return agent === '' ? '–' : agent;
  const system = named(SYSTEMS);
  return system === undefined ? browser : `${browser}, ${system}`;
}
