"""README's table of figures: a column for each of the last three hours in which they were taken."""

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from tests.benchmarks.figures import Figure, show

README = Path(__file__).parents[2] / "README.md"
TABLE = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
HEADINGS = ["Beside the bare handler", "Limit"]
HOURS = 3


def add_figures(text: str, figures: Iterable[Figure], *, at: datetime) -> str:
    """Return README's text with the figures that have a short name, in the column of the hour.

    Raises:
        ValueError: the text has no table of figures.

    """
    found = TABLE.search(text)
    if found is None:
        message = "no table of figures between <!-- figures --> and <!-- end of figures -->"
        raise ValueError(message)
    (_, _, *hours), _, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in found[0].splitlines())
    limits = {name: limit for name, limit, *_ in rows}
    cells = {name: dict(zip(hours, values, strict=True)) for name, _, *values in rows}
    hour = f"{at:%d %b, %H} h"
    for figure in figures:
        if figure.short is not None:
            limits[figure.short] = figure.limit
            missed = "" if figure.reached else " (missed)"
            cells.setdefault(figure.short, {})[hour] = f"{show(figure.value)} {figure.unit}".rstrip() + missed
    hours = [*dict.fromkeys([*hours, hour])][-HOURS:]
    table = [[*HEADINGS, *hours], ["---"] * (len(HEADINGS) + len(hours))]
    table += [[name, limits[name], *(cells[name].get(each, "") for each in hours)] for name in cells]
    return text[: found.start()] + "".join(f"| {' | '.join(row)} |\n" for row in table) + text[found.end() :]
