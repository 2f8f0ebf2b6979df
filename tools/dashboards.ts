import { INGESTION, LAG, OVERVIEW, PLATFORM } from './dashboards-flow.ts';
import {
  INFLUX_EXPLORER,
  INFLUX_INGESTION,
  INFLUX_OVERVIEW,
  INFLUX_PLATFORM,
  INFLUX_STORAGE,
} from './dashboards-influx.ts';
import { dashboardJson } from './dashboards-model.ts';
import { EXPLORER, LEDGER, STORAGE } from './dashboards-store.ts';

/** Every dashboard, in the order of Grafana's list. */
const DASHBOARDS = [
  ...[PLATFORM, OVERVIEW, INGESTION, LAG, STORAGE, EXPLORER, LEDGER],
  // positions, lag, dead letters and the ledger are no points: a sink does not have them
  ...[INFLUX_PLATFORM, INFLUX_OVERVIEW, INFLUX_INGESTION, INFLUX_STORAGE, INFLUX_EXPLORER],
] as const;

/** The provisioned files of Grafana by their paths in the repository. */
export function dashboardFiles(): Map<string, string> {
  return new Map([
    ...DASHBOARDS.map((plan) => [`deploy/grafana/dashboards/${plan.uid}.json`, dashboardJson(plan)] as const),
    ['deploy/grafana/provisioning/dashboards/skerry.yml', PROVIDER],
    ['deploy/grafana/provisioning/datasources/skerry.yml', DATASOURCES],
  ]);
}

const WRITTEN = '# Written by npm run generate from tools/dashboards.ts.';

const PROVIDER = `${WRITTEN}
apiVersion: 1
providers:
  - name: skerry
    folder: Skerry
    type: file
    disableDeletion: true
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards/skerry
`;

const DATASOURCES = `${WRITTEN}
# GRAFANA_POSTGRES_* come from the environment of Grafana. The role needs SELECT on the tables of the schema: one that
# owns nothing and may only read, as deploy/compose/database.sql makes it; members of skerry_reader see one tenant and no
# table of sources.
# GRAFANA_INFLUXDB_* name the sink that the dashboards of InfluxDB ask; a site without one does not set them.
apiVersion: 1
datasources:
  - name: Skerry Prometheus
    uid: skerry-prometheus
    type: prometheus
    access: proxy
    url: http://prometheus:9090
    isDefault: true
    jsonData:
      timeInterval: 15s
  - name: Skerry PostgreSQL
    uid: skerry-postgres
    type: grafana-postgresql-datasource
    access: proxy
    url: $GRAFANA_POSTGRES_HOST
    user: $GRAFANA_POSTGRES_USER
    secureJsonData:
      password: $GRAFANA_POSTGRES_PASSWORD
    jsonData:
      database: $GRAFANA_POSTGRES_DATABASE
      sslmode: $GRAFANA_POSTGRES_SSLMODE
      postgresVersion: 1500
  - name: Skerry InfluxDB
    uid: skerry-influxdb
    type: influxdb
    access: proxy
    url: $GRAFANA_INFLUXDB_URL
    user: $GRAFANA_INFLUXDB_USER
    secureJsonData:
      password: $GRAFANA_INFLUXDB_PASSWORD
    jsonData:
      dbName: $GRAFANA_INFLUXDB_DATABASE
      httpMode: POST
      version: InfluxQL
`;
