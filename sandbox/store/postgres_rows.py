"""Changes as the columns that statements of PostgreSQL take, and JSON as `jsonb` takes it."""

from collections.abc import Sequence
from typing import Any

from sandbox.store.base import DELETED, RowChanges
from sandbox.store.workspace_codec import from_text, to_text

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
