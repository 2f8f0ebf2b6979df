import { compileRoutes, type Route, type RouteConfig } from './routes.ts';

/**
 * The routes under which the records from an offset on were given their verdicts, up to the next era. A process takes up
 * its work at the store's position, so that is where its era begins.
 */
export interface RouteEra {
  /** First journal offset. */
  readonly from: number;
  readonly routes: RouteConfig;
}

/** The routes of all records, or eras by ascending offset, at least one. */
export type AuditRoutes = RouteConfig | readonly RouteEra[];

/** Routes by offset; a record before the first era is routed as in the first one. Fails with `template-invalid`. */
export class EraRoutes {
  readonly #eras: { readonly from: number; readonly route: (topic: string) => Route }[];

  constructor(routes: AuditRoutes) {
    const eras = 'templates' in routes ? [{ from: 0, routes }] : routes;
    this.#eras = eras.map((era) => ({ from: era.from, route: compileRoutes(era.routes) }));
  }

  /** The route that a topic had for the record at `offset`. */
  at(offset: number, topic: string): Route {
    const { route } = this.#eras[this.#indexAt(offset)] ?? NO_ERA;
    return route(topic);
  }

  /** The routes that a topic had at `offset` and later, those of the newest era first. */
  since(offset: number, topic: string): Route[] {
    const routes = this.#eras.slice(this.#indexAt(offset)).map(({ route }) => route(topic));
    return routes.reverse();
  }

  #indexAt(offset: number): number {
    return Math.max(
      0,
      this.#eras.findLastIndex(({ from }) => from <= offset),
    );
  }
}

const NO_ERA = { route: (): Route => ({ kind: 'refuse', tenant: '', project: '' }) };
