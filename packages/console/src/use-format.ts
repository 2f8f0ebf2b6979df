import { type Format, formatFor } from './format.ts';
import { usePreferences } from './preferences.ts';

/** How numbers and times are written for the reader. */
export function useFormat(): Format {
  const { language, zone } = usePreferences();
  return formatFor(language, zone);
}
