import { count } from '../../words/english.ts';

/** Texts about the product, in English. */
export const en = {
  title: 'About',
  version: 'Version',
  started: 'Running since',
  dataDir: 'Data folder',
  listeners: 'Open addresses',
  documents: 'Documents',
  openApi: 'Description of the HTTP API (OpenAPI)',
  limits: 'Limits, and how near they are',
  limitsWords: 'Everything has a limit; each says what happens when it is reached.',
  limit: 'Limit',
  value: 'At most',
  now: 'Now',
  whenFull: 'When reached',
  unmeasured: 'not measured',
  limitsMeasured: 'Only measured',
  units: { ms: 'ms', secs: 's', micros: 'µs', days: 'd', levels: 'levels' },
  licences: 'Licences',
  licencesWords: (parts: number) =>
    `Skerry is under the Apache License 2.0. It stands on ${count(parts)} works of others:`,
  name: 'Name',
  licence: 'Licence',
};

/** Shape of the texts about the product. */
export type AboutWords = typeof en;
