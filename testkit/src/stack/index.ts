export { RoleProcess, type RoleProcessOptions, type RoleReason } from './role-process.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';
