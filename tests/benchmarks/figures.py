"""A figure, its bar, the table of all, and what got worse since another run."""

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Better = Literal["lower", "higher"]
TIMES = "\N{MULTIPLICATION SIGN}"  # the unit of a ratio
NOISE = 0.1  # a figure that is worse by less than this part of itself counts as the same
HEADINGS = ("what", "bar", "reached", "bare handler", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `beside` is the bare handler's in the same run. Without a bar it is there to be looked at.

    `short` is its name in README's table, which has no others.
    """

    name: str
    value: float
    unit: str
    better: Better = "lower"
    bar: float | None = None
    beside: float | None = None
    short: str | None = None

    @property
    def reached(self) -> bool:
        """Whether it holds its bar."""
        if self.bar is None:
            return True
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar

    @property
    def limit(self) -> str:
        """Its bar as text, empty if it has none."""
        sign = "≤" if self.better == "lower" else "≥"
        return "" if self.bar is None else f"{sign} {show(self.bar)} {self.unit}".rstrip()

    def row(self) -> tuple[str, ...]:
        """Return its cells of the table."""
        return (
            self.name,
            self.limit,
            f"{show(self.value)} {self.unit}".rstrip(),
            "" if self.beside is None else f"{show(self.beside)} {self.unit}".rstrip(),
            "" if self.bar is None else "held" if self.reached else "MISSED",
        )


def show(value: float) -> str:
    """Return a number with the digits that tell something."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def table(figures: Sequence[Figure]) -> str:
    """Return all figures as a Markdown table."""
    rows = [HEADINGS, *(figure.row() for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * max(width, 3) for width in widths) + " |")
    return "\n".join(lines)


def save(figures: Sequence[Figure], path: Path) -> None:
    """Write the figures as JSON, with when and on what they were taken."""
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "figures": [asdict(figure) for figure in figures],
    }
    path.write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n")


def read(path: Path) -> list[Figure]:
    """Return the figures that `save` wrote."""
    return [Figure(**each) for each in json.loads(path.read_text())["figures"]]


def slower(now: Iterable[Figure], before: Iterable[Figure]) -> list[str]:
    """Return a line for each figure that is worse than before by more than noise."""
    earlier = {figure.name: figure for figure in before}
    lines = []
    for figure in now:
        old = earlier.get(figure.name)
        if old is None:
            continue
        worse = figure.value - old.value if figure.better == "lower" else old.value - figure.value
        if worse > NOISE * abs(old.value):
            change = f" ({worse / abs(old.value):.0%} worse)" if old.value else ""
            lines.append(f"{figure.name}: {show(old.value)} -> {show(figure.value)} {figure.unit}{change}")
    return lines
