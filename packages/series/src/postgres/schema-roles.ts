/** What the processes of a site tell of themselves, every few seconds: docs/formats/postgres.md. */
export const ROLE_TABLES = `
CREATE TABLE roles(
  id text PRIMARY KEY, role text NOT NULL, place text NOT NULL, started timestamptz NOT NULL DEFAULT clock_timestamp(),
  told timestamptz NOT NULL, ended boolean NOT NULL, report text NOT NULL
) WITH (fillfactor = 20);
`;

/** Rights of the writing role on them. */
export const ROLE_GRANTS = `
GRANT SELECT, INSERT, UPDATE, DELETE ON roles TO skerry_writer;
`;
