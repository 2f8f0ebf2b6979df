import type { Onboarding } from '../../generated/client.ts';
import { setQuery, useQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import type { Way } from './device-choice.tsx';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** One address of the server for devices, and what it wants. */
export type DeviceWay = Onboarding['ways'][number];

/** From where a device reaches the server. */
export type Reach = DeviceWay['reach'];

/** From where devices can send in one way, the likeliest first. */
export function reachesOf(way: Way, { ways }: Pick<Onboarding, 'ways'>): Reach[] {
  if (way === 'file') return ['machine'];
  return [...new Set(ways.filter(({ name }) => name.startsWith(way)).map(({ reach }) => reach))];
}

/** The reach that the address of the page names, where there is that, or else the likeliest. */
export function useReach(way: Way, onboarding: Pick<Onboarding, 'ways'>): Reach {
  const wanted = useQuery('from');
  const reaches = reachesOf(way, onboarding);
  return reaches.find((one) => one === wanted) ?? reaches[0] ?? 'machine';
}

/** The address that a device uses which sends in one way from somewhere; undefined for files. */
export function wayIn(way: Way, reach: Reach, { ways }: Pick<Onboarding, 'ways'>): DeviceWay | undefined {
  if (way === 'file') return undefined;
  return ways.find((one) => one.name.startsWith(way) && one.reach === reach);
}

/** Asks from where the device sends, where there is a choice. */
export function ReachChoice({
  way,
  reach,
  onboarding,
}: {
  readonly way: Way;
  readonly reach: Reach;
  readonly onboarding: Onboarding;
}) {
  const words = useWords(WORDS);
  const reaches = reachesOf(way, onboarding);
  if (reaches.length < 2) return null;
  return (
    <fieldset className="ways card">
      <legend className="unseen">{words.from}</legend>
      {reaches.map((one) => (
        <label key={one} className="way">
          <input type="radio" name="from" checked={one === reach} onChange={() => setQuery({ from: one })} />
          <strong>{words.reaches[one]}</strong>
          <span className="small quiet">{wayIn(way, one, onboarding)?.url}</span>
        </label>
      ))}
    </fieldset>
  );
}
