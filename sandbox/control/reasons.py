"""Why requests were refused, in words that are the same for all requests that were refused for the same reason."""

import re

from sandbox.control.masking import masked_text
from sandbox.core.journal import RequestRecord

QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
NUMBER = re.compile(r"(?<![^\s(])\d[\d,.]*(?![^\s),;])")  # a number by itself, not a part of a word or a pattern
INDEX = re.compile(r"\[\d+\]")
SOURCE = " ("  # begins what the sentence ends with: where the fact comes from
LONGEST = 1_000  # characters
UNKNOWN = "no reason was recorded"


def reason_of(record: RequestRecord) -> str:
    """Return the first reason of a refused request without what differs from request to request, cut if it is long.

    Values, numbers and indexes become `…`. What a scenario's rule says stays as it is, without the operation.
    """
    return _worded(record)[:LONGEST]


def _worded(record: RequestRecord) -> str:
    if not record.why:
        return UNKNOWN if record.rule is None else f"the scenario's rule '{record.rule}'"
    sentence = masked_text(record.why[0], record.key)
    if record.operation is not None and sentence.startswith(f"{record.operation}: "):
        return sentence.removeprefix(f"{record.operation}: ")
    place, colon, problem = QUOTED.sub("'…'", sentence).partition(": ")
    words, mark, source = problem.rpartition(SOURCE)
    if not mark:
        words, source = source, ""
    return INDEX.sub("[…]", place) + colon + NUMBER.sub("…", words) + mark + source
