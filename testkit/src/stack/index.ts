export { allOwned } from './all-owned.ts';
export { type Monitors, type MonitorsOptions, watchStack } from './monitors.ts';
export { chosenRecordings, type Recording, readRecordings, valueLine } from './recordings.ts';
export { RoleProcess, type RoleProcessOptions, type RoleReason } from './role-process.ts';
export { type Shown, type ShowOptions, showRecordings } from './show.ts';
export { type Stack, type StackOptions, type StackRole, startStack } from './stack.ts';
