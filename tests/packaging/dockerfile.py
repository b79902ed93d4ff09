"""Reads a Dockerfile: its instructions in order, continued lines joined."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent


class Instruction(NamedTuple):
    """One instruction of one stage (counted from 0): `RUN`, and what stands after it."""

    stage: int
    word: str
    rest: str


def instructions(path: Path = ROOT / "Dockerfile") -> Iterator[Instruction]:
    """Yield the instructions of a Dockerfile."""
    stage = -1
    lines = (line for line in path.read_text().splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            stage += word == "FROM"
            yield Instruction(stage, word, rest.strip())
