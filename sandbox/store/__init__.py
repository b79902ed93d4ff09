"""Where committed changes are kept when the server must not forget them: a SQLite file, or a PostgreSQL database.

A store has rows: the newest value of each entity as JSON, by workspace, kind and key. `rows` turns batches into rows,
`codec` and `workspace_codec` values into JSON and back, `group_commit` writes what waits in one transaction, `restore`
turns rows into the state of a workspace; `sqlite` is a store, and `base` says what one is. Without a store nothing here
is loaded: a workspace in memory needs none. Imports `scenarios`, `providers.registry` and everything below them.
"""
