export { createClient } from './client.ts';
export * from './errors.ts';
export type { FollowOptions, PlainEvent } from './event-stream.ts';
export type * from './generated/operations.ts';
export type * from './generated/schemas.ts';
export { LIMITS as CLIENT_LIMITS } from './limits.ts';
export type { Pause } from './pause.ts';
export { isSaidBy } from './said-by.ts';
export type { CallOptions, ClientOptions, RawBody } from './transport.ts';
