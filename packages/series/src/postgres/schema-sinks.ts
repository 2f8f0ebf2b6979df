/** What further stores of points have taken of each source, and what they refused: docs/formats/postgres.md. */
export const SINK_TABLES = `
CREATE TABLE sinks(
  name text NOT NULL, source smallint NOT NULL REFERENCES sources, seal bigint NOT NULL DEFAULT 0,
  points bigint NOT NULL DEFAULT 0, refused bigint NOT NULL DEFAULT 0, missed bigint NOT NULL DEFAULT 0,
  changed timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (name, source)
) WITH (fillfactor = 20);
CREATE TABLE sink_refusals(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sink text NOT NULL, source smallint NOT NULL,
  position bigint NOT NULL, ordinal integer NOT NULL, line text NOT NULL, reason text NOT NULL,
  refused timestamptz NOT NULL DEFAULT now(), UNIQUE (sink, source, position, ordinal)
);
`;

/** Rights of the writing role on them. */
export const SINK_GRANTS = `
GRANT SELECT, INSERT, UPDATE, DELETE ON sinks, sink_refusals TO skerry_writer;
`;
