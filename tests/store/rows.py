"""Rows for tests of stores."""

from sandbox.store.base import Kind, Row, RowChanges, Store
from sandbox.store.workspace_codec import from_text, to_text


def changes(*rows: Row, workspace: str = "default", **more: object) -> RowChanges:
    """Return changes of one workspace."""
    return RowChanges(workspace, **{"cleared": frozenset(), "removed": (), "rows": rows, **more})  # type: ignore[arg-type]


def message(number: int, value: str = "{}") -> Row:
    """Return the row of a message."""
    return Row(Kind.MESSAGE, str(number), created=0, open=False, value=value)


async def loaded(store: Store, workspace: str = "default") -> list[Row]:
    """Return the rows of a workspace, their JSON as it is written here, whatever space a store leaves."""
    stored = await store.load(workspace)
    numbered = [
        Row(kind, str(number), created=0, open=number in stored.open[kind], value=value)
        for kind, values in stored.values.items()
        for number, value in sorted(values.items())
    ]
    rows = [*(row for rows in stored.others.values() for row in rows), *numbered]
    return [row._replace(value=to_text(from_text(row.value))) for row in rows]
