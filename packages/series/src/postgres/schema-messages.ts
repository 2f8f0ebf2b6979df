/**
 * Who sees a row of a view of messages: whoever may ask it, but for the role that reads for one tenant. A view keeps the
 * rights of the table that it stands for, and people had these before there were tenants.
 */
const seen = (tenant: string) => `(NOT row_security_active('series'::regclass)
    OR NOT coalesce(pg_has_role(current_user, to_regrole('skerry_reader')::oid, 'MEMBER'), false)
    OR ${tenant} = current_setting('skerry.tenant', true))`;

/**
 * The view that stands in the place of the earlier system's table does what that did: its roles have the rights that
 * they had on the table and see every row, and a row that is put in goes into the table. Changes nothing where there was
 * no such table.
 */
export const EARLIER_MESSAGES = `
CREATE OR REPLACE VIEW iot_messages_new WITH (security_barrier) AS
  SELECT p.time, s.tenant AS tenant_id, s.project AS project_id,
    'mtic/msg/client/realtime/' || s.tenant || '/' || s.project AS mqtt_topic,
    (jsonb_build_object('deviceId', s.device) || jsonb_object_agg(s.metric,
      coalesce(to_jsonb(p.exact), to_jsonb(p.value), to_jsonb(p.text), to_jsonb(p.flag))))::text AS payload,
    p.received AS created_at
  FROM points p JOIN series s ON s.id = p.series_id WHERE ${seen('s.tenant')}
  GROUP BY p.time, s.tenant, s.project, s.device, p.source, p.position, p.received;
DO $earlier$
DECLARE
  kept regclass := to_regclass('public.iot_messages_earlier');
  part record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = kept AND r.ev_class = 'iot_messages'::regclass)
    THEN RETURN; END IF;
  CREATE OR REPLACE VIEW iot_messages WITH (security_barrier) AS
    SELECT time, tenant_id, project_id, mqtt_topic, payload, created_at FROM iot_messages_new
    UNION ALL SELECT time, tenant_id, project_id, mqtt_topic, payload, created_at
    FROM public.iot_messages_earlier e WHERE ${seen('e.tenant_id')};
  CREATE OR REPLACE FUNCTION keep_earlier_message() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN
    INSERT INTO public.iot_messages_earlier(time, tenant_id, project_id, mqtt_topic, payload, created_at)
    VALUES (NEW.time, NEW.tenant_id, NEW.project_id, NEW.mqtt_topic, NEW.payload, NEW.created_at)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN RETURN NEW; END IF;
    RETURN NULL;
  END $body$;
  CREATE OR REPLACE TRIGGER keep INSTEAD OF INSERT ON public.iot_messages
    FOR EACH ROW EXECUTE FUNCTION keep_earlier_message();
  FOR part IN SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) AS preset FROM pg_attrdef d
    JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_attribute v ON v.attrelid = 'public.iot_messages'::regclass AND v.attname = a.attname
    WHERE d.adrelid = kept AND a.attgenerated = ''
  LOOP
    EXECUTE format('ALTER VIEW public.iot_messages ALTER %I SET DEFAULT %s', part.attname, part.preset);
  END LOOP;
  FOR part IN
    WITH rights AS (
      SELECT acl.*, NULL::name AS attname FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) acl
      WHERE c.oid = kept
      UNION ALL SELECT acl.*, a.attname FROM pg_attribute a, aclexplode(a.attacl) acl
      WHERE a.attrelid = kept AND a.attname IN (SELECT attname FROM pg_attribute
        WHERE attrelid = 'public.iot_messages'::regclass AND NOT attisdropped))
    SELECT privilege_type, attname, bool_or(is_grantable) AS grantable,
      CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS grantee
    FROM rights JOIN pg_class c ON c.oid = kept
    -- rows that a policy of the table hides are shown to nobody who was not given them
    WHERE privilege_type = 'INSERT' OR (privilege_type = 'SELECT' AND NOT c.relrowsecurity)
    GROUP BY 1, 2, 4
  LOOP
    EXECUTE format('GRANT %s%s ON public.iot_messages TO %s%s', part.privilege_type,
      coalesce('(' || quote_ident(part.attname) || ')', ''), part.grantee,
      CASE WHEN part.grantable AND part.grantee <> 'PUBLIC' THEN ' WITH GRANT OPTION' ELSE '' END);
  END LOOP;
END $earlier$;
`;
