import { count, things } from '../../words/english.ts';

/** Texts of the list of devices, in English. */
export const en = {
  title: 'Devices',
  search: 'Search devices',
  searchHint: 'Press / to search, arrow keys to move, Enter to open',
  moveHint: 'Arrow keys to move, Enter to open',
  filters: 'Filters',
  tenant: 'Tenant',
  project: 'Project',
  freshness: 'Last seen',
  freshnesses: {
    any: 'At any time',
    live: 'Within 30 seconds',
    recent: '30 seconds to 5 minutes ago',
    quiet: '5 minutes to a day ago',
    silent: 'More than a day ago',
    stale: 'More than 5 minutes ago',
  },
  clear: 'Clear filters',
  device: 'Device',
  place: 'Tenant / project',
  metrics: 'Metrics',
  lastSeen: 'Last seen',
  state: 'State',
  sortedUp: (column: string) => `${column}, ascending. Sort descending`,
  sortedDown: (column: string) => `${column}, descending. Sort ascending`,
  sort: (column: string) => `Sort by ${column}`,
  matching: (matching: number, all: number) =>
    matching === all ? things(all, 'device') : `${count(matching)} of ${things(all, 'device')} match`,
  none: 'No device matches.',
  loadingRow: 'Loading…',
  select: (device: string) => `Select ${device}`,
  selectShown: 'Select the devices in view',
  selected: (selected: number) => `${things(selected, 'device')} selected`,
  selectAll: (matching: number) => `Select all ${count(matching)} matching`,
  allSelected: (matching: number) => `All ${count(matching)} matching devices are selected`,
  allBut: (selected: number, matching: number) =>
    `${count(selected)} of the ${count(matching)} matching devices are selected`,
  unselect: 'Clear selection',
  compare: 'Compare',
  export: 'Export list (CSV)',
  exportPoints: 'Export points (CSV)',
  saved: 'Saved filters',
  save: 'Save this filter',
  saveName: 'Name of the filter',
  keep: 'Save',
  remove: (name: string) => `Forget the filter ${name}`,
};

/** Shape of the texts of the list of devices. */
export type DevicesWords = typeof en;
