"""The tables of the store in PostgreSQL, and the statements that need a word: see `postgres`."""

TABLES = """
CREATE SCHEMA IF NOT EXISTS sms_sandbox;
CREATE TABLE sms_sandbox.settings (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE sms_sandbox.replicas (
  id text PRIMARY KEY,
  url text NOT NULL,
  started timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires timestamptz NOT NULL
);
CREATE TABLE sms_sandbox.ownership (
  workspace text PRIMARY KEY,
  replica text,
  epoch bigint NOT NULL
);
CREATE TABLE sms_sandbox.entities (
  workspace text NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  created bigint NOT NULL,
  open boolean NOT NULL,
  value jsonb NOT NULL,
  PRIMARY KEY (workspace, kind, key)
);
"""
UPSERT = """
INSERT INTO sms_sandbox.entities (workspace, kind, key, created, open, value)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::jsonb[])
ON CONFLICT (workspace, kind, key) DO UPDATE SET open = excluded.open, value = excluded.value
"""
DELETE = """
DELETE FROM sms_sandbox.entities AS e USING unnest($1::text[], $2::text[], $3::text[]) AS d (workspace, kind, key)
WHERE e.workspace = d.workspace AND e.kind = d.kind AND e.key = d.key
"""
CLEAR = """
DELETE FROM sms_sandbox.entities AS e USING unnest($1::text[], $2::text[]) AS d (workspace, kind)
WHERE e.workspace = d.workspace AND e.kind = d.kind
"""
OWNED = """
SELECT workspace FROM sms_sandbox.ownership AS o
JOIN unnest($1::text[], $2::bigint[]) AS mine (workspace, epoch) USING (workspace, epoch)
WHERE o.replica = $3 FOR SHARE OF o
"""
ACQUIRE = """
INSERT INTO sms_sandbox.ownership AS o (workspace, replica, epoch) VALUES ($1, $2, 1)
ON CONFLICT (workspace) DO UPDATE SET replica = $2, epoch = o.epoch + 1
WHERE NOT EXISTS (SELECT FROM sms_sandbox.replicas AS r WHERE r.id = o.replica AND r.expires > clock_timestamp())
RETURNING epoch
"""
ORPHANS = """
SELECT workspace FROM sms_sandbox.ownership AS o
WHERE NOT EXISTS (SELECT FROM sms_sandbox.replicas AS r WHERE r.id = o.replica AND r.expires > clock_timestamp())
LIMIT $1
"""
HEARTBEAT = """
INSERT INTO sms_sandbox.replicas (id, url, expires) VALUES ($1, $2, clock_timestamp() + $3::interval)
ON CONFLICT (id) DO UPDATE SET expires = excluded.expires
"""
OVERVIEW = """
SELECT workspace, kind, CASE kind WHEN 'scenario' THEN jsonb_build_object('name', value->'name') ELSE value END::text
FROM sms_sandbox.entities WHERE kind IN ('workspace', 'scenario', 'clock', 'counters', 'target')
ORDER BY workspace, kind, key
"""
