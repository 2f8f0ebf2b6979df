/** Why a gateway is not whole. */
export interface GatewayReason {
  readonly code: string;
  readonly detail: string;
}
