export { API_VERSION, openApiDocument } from './document.ts';
export { API_FAULTS, ApiError, type ApiFault, type ApiFaultEntry, type RequestFault } from './errors.ts';
export { LIMITS as API_LIMITS } from './limits.ts';
export type { FaultMeaning } from './page.ts';
export * from './platform.ts';
export type { Model, SchemaName } from './schemas.ts';
export { type Api, type ApiBounds, type ApiNeeds, type ApiOptions, isLoopback, openApi } from './server.ts';
export { formatTime, parseTime } from './time.ts';
