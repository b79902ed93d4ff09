"""Where committed changes are kept when the server must not forget them: a SQLite file, or a PostgreSQL database.

A store has rows: the newest value of each entity as JSON, by workspace, kind and key. `rows` turns batches into rows,
`codec` and `workspace_codec` values into JSON and back, `group_commit` writes what waits in one transaction, `restore`
turns rows into the state of a workspace; `sqlite` is a store, and `base` says what one is.

A saved state is the rows of one workspace as a file: `snapshot` takes them, `state_file` writes them and splits a file
into lines, `state_reader` turns the lines into a state; `row_shapes` checks them.

Without a store nothing here is loaded: a workspace in memory needs none. Imports `callbacks.egress`, `scenarios`,
`providers.registry` and everything below them.
"""
