import type { RouteConfig } from '@skerry/pipeline/routes';
import type { SkerryConfig } from '../config/schema.ts';

/** The folders inside a data folder. */
export function foldersOf(dataDir: string): { readonly journal: string; readonly series: string } {
  return { journal: `${dataDir}/journal`, series: `${dataDir}/series` };
}

/** How topics are routed, as configured. */
export function routesOf({ routing }: Pick<SkerryConfig, 'routing'>): RouteConfig {
  return { templates: routing.telemetry, unmatched: routing.unmatched };
}
