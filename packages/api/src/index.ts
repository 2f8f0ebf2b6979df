export { API_VERSION, openApiDocument } from './document.ts';
export { API_FAULTS, ApiError, type ApiFault, type ApiFaultEntry, type RequestFault } from './errors.ts';
export { LIMITS as API_LIMITS } from './limits.ts';
export type { FaultMeaning } from './page.ts';
export * from './platform.ts';
export {
  type DeviceWay,
  deviceWays,
  firstWay,
  isFor,
  type ShownCertificate,
  type ShownCertificates,
  type WayFacts,
} from './rooms/onboarding/device-ways.ts';
export { handshakeCause } from './rooms/onboarding/handshake-cause.ts';
export { mosquittoPlace } from './rooms/onboarding/onboarding-commands.ts';
export { RefusalBook, type RefusedArrival } from './rooms/onboarding/refusal-book.ts';
export * from './rooms/pipeline/stage-platform.ts';
export type {
  ChaosCounts,
  ChaosDesk,
  ChaosFate,
  ChaosInput,
  ChaosLetter,
  ChaosRow,
  ChaosRun,
} from './rooms/simulation/chaos-desk.ts';
export {
  SIMULATED_WORLDS,
  type SimulatedWorld,
  type SimulationDesk,
  type SimulationEntry,
  type SimulationRequest,
} from './rooms/simulation/simulation-desk.ts';
export type * from './rooms/site/site-platform.ts';
export type { Model, SchemaName } from './schemas.ts';
export {
  type Api,
  type ApiBounds,
  type ApiNeeds,
  type ApiOptions,
  openApi,
  type TlsOptions,
} from './server.ts';
export { formatTime, parseTime } from './time.ts';
