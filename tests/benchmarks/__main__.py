"""`python -m tests.benchmarks`: take the figures, print the table, tell what got slower."""

import argparse
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from tests.benchmarks.advancing import advance, workspaces
from tests.benchmarks.callbacks import callbacks, sustained
from tests.benchmarks.crowds import events, receivers, rules
from tests.benchmarks.figures import Figure, read, save, slower, table
from tests.benchmarks.large import large
from tests.benchmarks.memory import memory, retention
from tests.benchmarks.readme import README, add_figures
from tests.benchmarks.recording import compare, record
from tests.benchmarks.sends import sends
from tests.benchmarks.soak import soak
from tests.benchmarks.starts import starts
from tests.benchmarks.store import store

# Each part with the seconds that one of its measurements lasts unless --seconds says otherwise.
PARTS: Mapping[str, tuple[Callable[[float], list[Figure]], float]] = {
    "starts": (starts, 0),
    "sends": (sends, 3),
    "callbacks": (callbacks, 6),
    "sustained": (sustained, 8),
    "large": (large, 0),
    "memory": (memory, 4),
    "retention": (retention, 0),
    "advance": (advance, 0),
    "workspaces": (workspaces, 0),
    "receivers": (receivers, 15),
    "events": (events, 15),
    "rules": (rules, 2),
    "store": (store, 3),
    "record": (record, 3),
    "drift": (compare, 1),
    "soak": (soak, 60),
}
LONG = frozenset({"retention", "soak"})  # many minutes each: only where they are asked for
HELP = f"some of {','.join(PARTS)}; {' and '.join(sorted(LONG))} take many minutes, so they run only when named"


def parts(text: str) -> list[str]:
    """Read a comma-separated list of parts."""
    names = text.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        message = f"no part is called {', '.join(unknown)}; there are {', '.join(PARTS)}"
        raise argparse.ArgumentTypeError(message)
    return names


def make_parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", type=parts, default=[name for name in PARTS if name not in LONG], help=HELP)
    parser.add_argument("--seconds", type=float, help="how long each measurement lasts (60 for those of the table)")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument(
        "--readme", action="store_true", help="write them to README's table, in the column of this hour"
    )
    parser.add_argument("--compare", type=Path, help="a file that --json wrote: tell what got slower since")
    return parser


def main() -> int:
    """Return 1 when a bar was missed or, with --compare, something got slower."""
    given = make_parser().parse_args()
    before = read(given.compare) if given.compare else []
    figures: list[Figure] = []
    for name in given.only:
        part, usual = PARTS[name]
        begun = perf_counter()
        figures += part(given.seconds or usual)
        print(f"{name}: measured in {perf_counter() - begun:.0f} s", file=sys.stderr)
    print(table(figures))
    if given.json:
        save(figures, given.json)
    if given.readme:
        README.write_text(add_figures(README.read_text(), figures, at=datetime.now(UTC)))
    worse = slower(figures, before)
    if worse:
        print("\nslower than before:", *worse, sep="\n  ")
    return 1 if worse or not all(figure.reached for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
