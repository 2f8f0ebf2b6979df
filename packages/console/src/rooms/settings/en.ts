import { things } from '../../words/english.ts';

/** Texts of the settings, in English. */
export const en = {
  title: 'Settings',
  lead: 'The configuration this server runs with. It is changed in its file, by environment variables or by flags, and holds from the next start on.',
  listeners: 'Open addresses',
  what: 'What',
  address: 'Address',
  find: 'Find a setting',
  onlySet: 'Only what was set',
  shown: (settings: number) => things(settings, 'setting'),
  none: 'No setting matches.',
  noSet: 'Nothing was set: every value is the default.',
  narrow: 'The values are for those who may see all of the platform.',
  setting: 'Setting',
  value: 'Value',
  source: 'Comes from',
  sources: {
    default: 'Default',
    file: 'File',
    environment: 'Environment',
    flag: 'Flag',
  },
  standard: (value: string) => `default ${value}`,
  follows: (path: string) => `0 because ${path} is`,
  empty: 'empty',
  change: 'How to change it',
  inFile: 'In the configuration file',
  byEnvironment: 'By environment',
  byFlag: 'By flag',
  strength: 'A flag is stronger than the environment, the environment is stronger than the file.',
};

/** Shape of the texts of the settings. */
export type SettingsWords = typeof en;
