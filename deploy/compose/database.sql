-- Runs once, as superuser, when the database is made: whom the roles and Grafana connect as, and what they may.
\set store_password `cat /run/secrets/store-password`
\set gateway_password `cat /run/secrets/gateway-password`
\set cloud_password `cat /run/secrets/cloud-password`
\set dashboards_password `cat /run/secrets/dashboards-password`

-- writers: owner of the schema that they make, and of nothing else
CREATE ROLE store LOGIN PASSWORD :'store_password';
GRANT CREATE ON DATABASE skerry TO store;

-- the roles of docs/formats/postgres.md, which an owner that may make no roles finds here
CREATE ROLE skerry_writer NOLOGIN;
CREATE ROLE skerry_gateway NOLOGIN;
CREATE ROLE skerry_cloud NOLOGIN;
CREATE ROLE skerry_reader NOLOGIN;

-- gateways and clouds: what these need, and nothing else; both wait until a writer has made the schema
CREATE ROLE gateway LOGIN PASSWORD :'gateway_password' IN ROLE skerry_gateway;
CREATE ROLE cloud LOGIN PASSWORD :'cloud_password' IN ROLE skerry_cloud;

-- Grafana: reads what skerry_reader may, of every tenant, and three tables more; neither users nor tokens
CREATE ROLE dashboards LOGIN BYPASSRLS PASSWORD :'dashboards_password' IN ROLE skerry_reader;
ALTER ROLE dashboards SET default_transaction_read_only = on;

-- the store makes its tables later, and knows nothing of dashboards
CREATE FUNCTION public.show_dashboards() RETURNS event_trigger LANGUAGE plpgsql AS $body$
DECLARE made text;
BEGIN
  FOR made IN SELECT object_identity FROM pg_event_trigger_ddl_commands()
    WHERE object_identity IN ('skerry.sources', 'skerry.accounts', 'skerry.gateway_journals') LOOP
    EXECUTE format('GRANT SELECT ON %s TO dashboards', made);
  END LOOP;
END
$body$;
CREATE EVENT TRIGGER show_dashboards ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION public.show_dashboards();
