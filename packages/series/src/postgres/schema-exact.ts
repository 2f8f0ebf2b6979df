/**
 * Integers of any length in `exact`, where it was made for 20 digits. Views that show the column stand in the way of its
 * new type, those of others too: they are taken away and made again as they were, with their owner, options and rights.
 */
export const WIDE_INTEGERS = `
DO $widen$
DECLARE
  one record;
  part record;
  removal text := '';
  again text := '';
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid IN ('points'::regclass, 'latest'::regclass)
    AND attname = 'exact' AND atttypmod <> -1) THEN RETURN; END IF;
  FOR one IN
    WITH RECURSIVE shown AS (
      SELECT r.ev_class AS oid, 1 AS depth FROM pg_attribute a
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      WHERE a.attrelid IN ('points'::regclass, 'latest'::regclass) AND a.attname = 'exact'
      UNION
      SELECT r.ev_class, s.depth + 1 FROM shown s
        JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
        JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
      WHERE r.ev_class <> s.oid)
    SELECT c.oid, c.oid::regclass::text AS name, pg_get_viewdef(c.oid) AS body, pg_get_userbyid(c.relowner) AS owner,
      array_to_string(c.reloptions, ', ') AS options, c.relacl, obj_description(c.oid, 'pg_class') AS comment
    FROM (SELECT oid, max(depth) AS depth FROM shown GROUP BY oid) s JOIN pg_class c ON c.oid = s.oid
    WHERE c.relkind = 'v' ORDER BY s.depth
  LOOP
    removal := format('DROP VIEW %s; ', one.name) || removal;
    again := again || format('CREATE VIEW %s%s AS %s ', one.name, ' WITH (' || one.options || ')', one.body);
    IF one.owner <> current_user THEN
      again := again || format('ALTER VIEW %s OWNER TO %I; ', one.name, one.owner);
    END IF;
    IF one.comment IS NOT NULL THEN
      again := again || format('COMMENT ON VIEW %s IS %L; ', one.name, one.comment);
    END IF;
    FOR part IN SELECT * FROM aclexplode(one.relacl) LOOP
      again := again || format('GRANT %s ON %s TO %s%s; ', part.privilege_type, one.name,
        CASE part.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(part.grantee)) END,
        CASE WHEN part.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
  END LOOP;
  EXECUTE removal;
  ALTER TABLE points ALTER exact TYPE numeric;
  ALTER TABLE latest ALTER exact TYPE numeric;
  EXECUTE again;
END $widen$;
`;

/** The same on TimescaleDB, where no column of a table that may be compressed takes another type. */
export const WIDE_INTEGERS_TIMESCALE = WIDE_INTEGERS.replace(
  '  ALTER TABLE points ALTER exact TYPE numeric;',
  `  PERFORM decompress_chunk(chunk, true) FROM show_chunks('points') chunk;
  ALTER TABLE points SET (timescaledb.compress = false);
  ALTER TABLE points ALTER exact TYPE numeric;
  ALTER TABLE points SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id',
    timescaledb.compress_orderby = 'time DESC');`,
);
