"""JSON as providers write it: compact, in UTF-8; by orjson where there is one, in a tenth of the time."""

import json
from collections.abc import Callable

ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def slowly(value: object) -> bytes:
    """Return JSON by the standard library: what orjson does not take, such as integers of more than 64 bits."""
    return ENCODER.encode(value).encode()


def _quick() -> Callable[[object], bytes] | None:
    try:
        import orjson  # noqa: PLC0415 - there is none for PyPy
    except ImportError:
        return None
    return orjson.dumps


QUICK = _quick()


def compact(value: object) -> bytes:
    """Return JSON; of floats beyond 1e16 or below 1e-4 the two ways write the exponent differently (1e-7, 1e-07)."""
    if QUICK is None:
        return slowly(value)
    try:
        return QUICK(value)
    except TypeError:
        return slowly(value)
