import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './scene.ts';

/** What the tests read of a provisioned dashboard. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
}

/** A variable of a dashboard. */
export interface Variable {
  readonly name: string;
  readonly datasource: { readonly uid: string };
  readonly definition: string;
}

/** A panel with its questions: `expr` is PromQL, `rawSql` SQL, `query` InfluxQL. */
export interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description: string;
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly {
    readonly expr?: string;
    readonly rawSql?: string;
    readonly query?: string;
    readonly legendFormat?: string;
  }[];
}

/** The dashboards of the repository. */
export function dashboards(): Dashboard[] {
  const folder = join(ROOT, 'deploy/grafana/dashboards');
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Dashboard); // generated, and compared with the generator
}

/** A query as Grafana would send it: macros written out, variables replaced by values. */
export function expanded(query: string, values: ReadonlyMap<string, string>): string {
  const written = query
    .replaceAll('$__rate_interval', '5m')
    .replaceAll(
      /\$__timeFilter\((\w+)\)/g,
      "$1 BETWEEN now() - interval '6 hours' AND now() + interval '1 hour'",
    )
    .replaceAll('$timeFilter', 'time >= now() - 6h AND time <= now() + 1h')
    .replaceAll('$__interval', '2s')
    .replaceAll(/\$__timeGroup\((\w+), '1m'\)/g, "date_trunc('minute', $1)");
  return written.replaceAll(/\$(\w+)/g, (whole, name: string) => values.get(name) ?? whole);
}
