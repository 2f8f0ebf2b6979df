export { type Monitors, type MonitorsOptions, watchStack } from './monitors.ts';
export { RoleProcess, type RoleProcessOptions, type RoleReason } from './role-process.ts';
export { chosenRecordings, type Shown, type ShowOptions, showRecordings } from './show.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';
