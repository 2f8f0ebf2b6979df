/** Where a panel's figures come from; the uids are those of deploy/grafana/provisioning. */
export type SourceKind = 'prometheus' | 'postgres' | 'influxdb';

/** One question of a panel. */
export interface PanelQuery {
  /** PromQL, or SQL or InfluxQL with Grafana's macros. */
  readonly query: string;
  /** `{{label}}` of PromQL, `$tag_…` of InfluxQL; absent for SQL, whose columns name its series. */
  readonly legend?: string;
  /** For SQL and InfluxQL: a series over time, or a table; for PromQL `heatmap` gives buckets. */
  readonly format?: 'time_series' | 'table' | 'heatmap';
}

/** A panel as the dashboards describe it. */
export interface PanelPlan {
  readonly title: string;
  readonly description: string;
  readonly type: 'timeseries' | 'stat' | 'heatmap' | 'table' | 'gauge';
  /** Unit of Grafana's list. */
  readonly unit: string;
  readonly from?: SourceKind;
  readonly queries: readonly PanelQuery[];
  /** Of 24 columns; 12 when absent. */
  readonly width?: number;
  /** Values from which the colour changes, green before. */
  readonly steps?: readonly (readonly [from: number, colour: 'yellow' | 'red' | 'green'])[];
}

/** A variable of a dashboard; its query is a `label_values` of Prometheus, SQL, or a `SHOW` of InfluxQL. */
export interface VariablePlan {
  readonly name: string;
  readonly label: string;
  readonly from: SourceKind;
  readonly query: string;
  /** Whether several, or all, may be chosen. */
  readonly isMany?: boolean;
}

/** A dashboard as described. */
export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariablePlan[];
  readonly panels: readonly PanelPlan[];
}

const UIDS: Readonly<Record<SourceKind, string>> = {
  prometheus: 'skerry-prometheus',
  postgres: 'skerry-postgres',
  influxdb: 'skerry-influxdb',
};
const TYPES: Readonly<Record<SourceKind, string>> = {
  prometheus: 'prometheus',
  postgres: 'grafana-postgresql-datasource',
  influxdb: 'influxdb',
};
const PANEL_HEIGHT = 8;
const COLUMNS = 24;

/** The JSON that Grafana provisions, model version 39 (Grafana 10.2 and newer). */
export function dashboardJson(plan: DashboardPlan): string {
  const dashboard = {
    uid: plan.uid,
    title: plan.title,
    description: plan.description,
    tags: ['skerry'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: { list: plan.variables.map(variableOf) },
    annotations: { list: [] },
    links: [
      { type: 'dashboards', tags: ['skerry'], asDropdown: true, title: 'Skerry', icon: 'external link' },
    ],
    panels: placed(plan.panels),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function variableOf({ name, label, from, query, isMany = false }: VariablePlan): object {
  return {
    name,
    label,
    type: 'query',
    datasource: sourceOf(from),
    query: from === 'prometheus' ? { query, refId: 'A' } : query,
    definition: query,
    refresh: 2,
    sort: 1,
    multi: isMany,
    includeAll: isMany,
    ...(isMany ? { allValue: '.*', current: { text: 'All', value: '$__all' } } : {}),
  };
}

/** Panels one beside the other, from left to right and from top to bottom. */
function placed(panels: readonly PanelPlan[]): object[] {
  let x = 0;
  let y = 0;
  return panels.map((panel, i) => {
    const { width = 12 } = panel;
    if (x + width > COLUMNS) {
      x = 0;
      y += PANEL_HEIGHT;
    }
    const gridPos = { x, y, w: width, h: PANEL_HEIGHT };
    x += width;
    return panelOf(panel, i + 1, gridPos);
  });
}

function panelOf(panel: PanelPlan, id: number, gridPos: object): object {
  const { title, description, type, unit, from = 'prometheus', queries, steps = [] } = panel;
  const thresholds = [{ color: 'green', value: null }, ...steps.map(([value, color]) => ({ color, value }))];
  return {
    id,
    title,
    description,
    type,
    datasource: sourceOf(from),
    gridPos,
    fieldConfig: {
      defaults: { unit, thresholds: { mode: 'absolute', steps: thresholds } },
      overrides: [],
    },
    options: optionsOf(type, unit),
    targets: queries.map((query, nth) => targetOf(query, from, String.fromCharCode(65 + nth), type)),
  };
}

function optionsOf(type: PanelPlan['type'], unit: string): object {
  if (type === 'heatmap')
    return {
      calculate: false,
      yAxis: { unit },
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Oranges', steps: 64 },
    };
  if (type === 'stat' || type === 'gauge')
    return { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'auto' };
  return type === 'timeseries' ? { legend: { displayMode: 'list', placement: 'bottom' } } : {};
}

function targetOf(
  { query, legend, format }: PanelQuery,
  from: SourceKind,
  refId: string,
  type: PanelPlan['type'],
): object {
  const datasource = sourceOf(from);
  if (from === 'postgres')
    return {
      refId,
      datasource,
      rawSql: query,
      rawQuery: true,
      editorMode: 'code',
      format: format ?? 'time_series',
    };
  if (from === 'influxdb')
    return {
      refId,
      datasource,
      query,
      rawQuery: true,
      resultFormat: format ?? 'time_series',
      alias: legend ?? '',
    };
  const isInstant = type === 'stat' || type === 'gauge' || type === 'table';
  return {
    refId,
    datasource,
    expr: query,
    legendFormat: legend ?? '',
    format: format ?? (type === 'table' ? 'table' : 'time_series'),
    instant: isInstant,
    range: !isInstant,
  };
}

function sourceOf(kind: SourceKind): object {
  return { type: TYPES[kind], uid: UIDS[kind] };
}
