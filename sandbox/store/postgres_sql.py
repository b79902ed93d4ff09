"""The tables of the store in PostgreSQL, the statements that need a word, and what they take: see `postgres`."""

from collections.abc import Sequence
from typing import Any

from sandbox.store.base import DELETED, RowChanges
from sandbox.store.workspace_codec import from_text, to_text

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
# Lists look for a few rows among many; none of these kinds has more than a few rows for a workspace.
INDEX = """
CREATE INDEX entities_of_server ON sms_sandbox.entities (kind, workspace)
WHERE kind IN ('workspace', 'deleted_workspace', 'scenario', 'clock', 'counters', 'target');
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
# The usual changes in one statement, which is a transaction of its own: nothing is locked while a message travels.
WRITE = """
WITH owned AS MATERIALIZED (
  SELECT workspace FROM sms_sandbox.ownership AS o
  JOIN unnest($1::text[], $2::bigint[]) AS mine (workspace, epoch) USING (workspace, epoch)
  WHERE o.replica = $3 FOR SHARE OF o
), checked AS MATERIALIZED (
  SELECT count(*) = cardinality($1::text[]) AS complete FROM owned
), removed AS (
  DELETE FROM sms_sandbox.entities AS e USING unnest($4::text[], $5::text[], $6::text[]) AS d (workspace, kind, key)
  WHERE (SELECT complete FROM checked) AND e.workspace = d.workspace AND e.kind = d.kind AND e.key = d.key
), written AS (
  INSERT INTO sms_sandbox.entities (workspace, kind, key, created, open, value)
  SELECT * FROM unnest($7::text[], $8::text[], $9::text[], $10::bigint[], $11::boolean[], $12::jsonb[])
  WHERE (SELECT complete FROM checked)
  ON CONFLICT (workspace, kind, key) DO UPDATE SET open = excluded.open, value = excluded.value
)
SELECT workspace FROM owned
"""
LOCK_OWNER = "SELECT replica FROM sms_sandbox.ownership WHERE workspace = $1 FOR UPDATE"
# Locked, so that a lease is not renewed while its end is judged: the newest version of the row counts.
LOCK_LEASE = "SELECT expires > clock_timestamp() FROM sms_sandbox.replicas WHERE id = $1 FOR SHARE"
ACQUIRE = "UPDATE sms_sandbox.ownership SET replica = $2, epoch = epoch + 1 WHERE workspace = $1 RETURNING epoch"
RELEASE = "UPDATE sms_sandbox.ownership SET replica = NULL WHERE workspace = $1 AND replica = $2 AND epoch = $3"
ORPHANS = """
SELECT workspace FROM sms_sandbox.ownership AS o
WHERE NOT EXISTS (SELECT FROM sms_sandbox.replicas AS r WHERE r.id = o.replica AND r.expires > clock_timestamp())
ORDER BY workspace <> 'default', random() LIMIT $1
"""
OWNER = """
SELECT o.replica, r.url FROM sms_sandbox.ownership AS o LEFT JOIN sms_sandbox.replicas AS r
ON r.id = o.replica AND r.expires > clock_timestamp() WHERE workspace = $1
"""
REPLICAS = """
SELECT r.id, r.url, r.started, array_remove(array_agg(o.workspace ORDER BY o.workspace), NULL)
FROM sms_sandbox.replicas AS r LEFT JOIN sms_sandbox.ownership AS o ON o.replica = r.id
WHERE r.expires > clock_timestamp() GROUP BY r.id ORDER BY r.started, r.id
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


LARGE = 1_000  # rows, which take some 10 ms to encode: the loop must not wait for it


def is_large(changes: Sequence[RowChanges]) -> bool:
    """Return whether it takes so long to encode the rows that the loop must not wait for it."""
    return sum(each.size for each in changes) > LARGE


def removed_columns(changes: Sequence[RowChanges]) -> list[list[str]]:
    """Return the rows that changes delete as columns."""
    found = [(each.workspace, kind.value, key) for each in changes for kind, key in each.removed]
    return [list(column) for column in zip(*found, strict=True)] or [[], [], []]


def written_columns(changes: Sequence[RowChanges]) -> list[list[Any]]:
    """Return the rows that changes write as columns."""
    columns: list[list[Any]] = [[], [], [], [], [], []]
    for each in changes:
        for row in (DELETED,) if each.deleted else each.rows:
            values = (each.workspace, row.kind.value, row.key, row.created, row.open, wrap(row.value))
            for column, value in zip(columns, values, strict=True):
                column.append(value)
    return columns


def wrap(text: str) -> str:
    r"""Return JSON that jsonb takes: it has neither NUL nor lone surrogates, which JSON writes as \u0000 and \ud83d.

    A value with one is written as an array of its JSON; every other value is an object.
    """
    if "\\u0000" not in text and "\\ud" not in text.lower():
        return text
    return to_text([text])


def unwrap(text: str) -> str:
    """Return the JSON that was wrapped."""
    return str(from_text(text)[0]) if text.startswith('["') else text
