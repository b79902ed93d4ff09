"""JSON as text: a reader that keeps the position of each value, and the encoder for replies.

The reader of the standard library keeps no positions.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

DIGIT_LIMIT = 1000  # maximum digits of a number
WHITESPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
LEADING_ZERO = re.compile(r"-?0[0-9]")
SURROGATE = re.compile("[\ud800-\udfff]")
CONSTANTS = ("NaN", "Infinity", "-Infinity")  # Python reads and writes these, but they are not JSON
LITERALS = {"true": True, "false": False, "null": None}

ValuePath = tuple[str | int, ...]


def children_of(value: object) -> Mapping[Any, Any]:
    """Return the values inside a value by the steps that lead to them: names of a mapping, places of a list."""
    return value if isinstance(value, Mapping) else dict(enumerate(value)) if isinstance(value, list) else {}


class JsonError(Exception):
    """A mistake in a JSON text; `place` is line and column from 1, `syntax` whether the text is not JSON at all.

    `all` has this mistake, and others of the same kind after it.
    """

    def __init__(
        self, problem: str, place: tuple[int, int], *, syntax: bool, more: Sequence[tuple[str, tuple[int, int]]] = ()
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.syntax = syntax
        self.all = ((problem, place), *more)


class JsonReader:
    """Reads one text; `places` has line and column (from 1) of each value, or of its key, by path.

    `written` has the original text of each number that Python would write differently, by path.
    """

    def __init__(self, text: str, *, depth_limit: int, value_limit: int) -> None:
        self.text = text
        self.places: dict[ValuePath, tuple[int, int]] = {}
        self.written: dict[ValuePath, str] = {}
        self._duplicates: list[tuple[str, tuple[int, int]]] = []
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._depth_limit = depth_limit
        self._value_limit = value_limit
        self._at = 0
        self._decode = json.JSONDecoder(parse_constant=str, parse_int=str, parse_float=str).raw_decode

    def read(self) -> object:
        """Return the value of the text.

        Raises:
            JsonError: the text is not JSON, repeats a key, or exceeds a limit.

        """
        self._skip()
        value = self._value((), self._at)
        self._skip()
        if self._at < len(self.text):
            self._refuse("not JSON: unexpected text after the value", self._at, syntax=True)
        if self._duplicates:
            (problem, place), *more = self._duplicates
            raise JsonError(problem, place, syntax=False, more=more)
        return value

    def _value(self, path: ValuePath, place: int) -> object:
        """Read the value that begins here; `place` is the offset of the value or its key."""
        start = self._at
        if len(self.places) >= self._value_limit:
            self._refuse(f"more than {self._value_limit} values", start)
        if len(path) >= self._depth_limit and self._next() in {"{", "["}:
            self._refuse(f"nested too deeply, more than {self._depth_limit} levels", start)
        self.places[path] = self._place(place)
        match self._next():
            case "{":
                return {key: self._value((*path, key), at) for key, at in self._members()}
            case "[":
                return [self._value((*path, index), self._at) for index, _ in enumerate(self._entries("]"))]
            case '"':
                return self._string()
        if LEADING_ZERO.match(self.text, start):
            problem = "not JSON: a number cannot begin with 0; put it in quotes if it is a string"
            self._refuse(problem, start, syntax=True)
        number = NUMBER.match(self.text, start)
        if number is not None:
            self._at = number.end()
            return self._number(number[0], path, start)
        for constant in CONSTANTS:
            if self.text.startswith(constant, start):
                self._refuse(f"not JSON: {constant} is not a JSON value", start, syntax=True)
        return self._literal(start)

    def _members(self) -> Iterator[tuple[str, int]]:
        """Yield each key of the object that begins here, and its offset; the caller reads the value."""
        seen: set[str] = set()
        for _ in self._entries("}"):
            at = self._at
            if self._next() != '"':
                self._refuse("not JSON: expected a key in double quotes", at, syntax=True)
            key = self._string()
            if key in seen:
                self._duplicates.append((f"duplicate key '{key}'", self._place(at)))
            seen.add(key)
            self._skip()
            if self._next() != ":":
                self._refuse("not JSON: expected a colon after the key", self._at, syntax=True)
            self._at += 1
            self._skip()
            yield key, at

    def _entries(self, end: str) -> Iterator[None]:
        """Yield at the start of each entry of the object or array that begins here."""
        self._at += 1
        self._skip()
        if self._next() == end:
            self._at += 1
            return
        while True:
            yield
            self._skip()
            found = self._next()
            comma = self._at
            if found not in {",", end}:
                self._refuse(f"not JSON: expected a comma or {end}", comma, syntax=True)
            self._at += 1
            if found == end:
                return
            self._skip()
            if self._next() == end:
                self._refuse("not JSON: a comma with nothing after it", comma, syntax=True)

    def _string(self) -> str:
        start = self._at
        value, self._at = self._decoded(start)
        if SURROGATE.search(value):
            self._refuse("half of a surrogate pair, which is not a character", start)
        return value

    def _literal(self, start: int) -> bool | None:
        word = next((word for word in LITERALS if self.text.startswith(word, start)), None)
        if word is None:
            self._refuse("not JSON: expected a value", start, syntax=True)
        self._at += len(word)
        return LITERALS[word]

    def _number(self, written: str, path: ValuePath, start: int) -> int | float:
        if len(written) > DIGIT_LIMIT:
            self._refuse(f"a number has at most {DIGIT_LIMIT} digits; put it in quotes if it is a string", start)
        value = int(written) if written.lstrip("-").isdigit() else float(written)
        if str(value) != written:
            self.written[path] = written
        return value

    def _decoded(self, start: int) -> tuple[str, int]:
        try:
            value, end = self._decode(self.text, start)
        except json.JSONDecodeError as error:
            self._refuse(f"not JSON: {error.msg}", error.pos, syntax=True)
        return str(value), end

    def _next(self) -> str:
        return self.text[self._at : self._at + 1]

    def _skip(self) -> None:
        match = WHITESPACE.match(self.text, self._at)
        self._at = match.end() if match else self._at

    def _place(self, at: int) -> tuple[int, int]:
        line = bisect_right(self._starts, at)
        return line, at - self._starts[line - 1] + 1

    def _refuse(self, problem: str, at: int, *, syntax: bool = False) -> NoReturn:
        raise JsonError(problem, self._place(at), syntax=syntax)


ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def encode_json_slowly(value: object) -> bytes:
    """Return JSON by the standard library, which also encodes what orjson refuses, such as integers above 64 bits."""
    return ENCODER.encode(value).encode()


def _find_orjson() -> tuple[Callable[[object], bytes] | None, Callable[[str], Any] | None]:
    try:
        import orjson  # noqa: PLC0415 - not available for PyPy
    except ImportError:
        return None, None
    return orjson.dumps, orjson.loads


ORJSON, ORJSON_LOADS = _find_orjson()


def encode_json(value: object) -> bytes:
    """Return compact JSON in UTF-8, by orjson if it is installed, in a tenth of the time.

    The two encoders write exponents of floats above 1e16 and below 1e-4 differently (1e-7, 1e-07).
    """
    if ORJSON is None:
        return encode_json_slowly(value)
    try:
        return ORJSON(value)
    except TypeError:
        return encode_json_slowly(value)


def texts_in(value: object) -> Iterator[str]:
    """Yield every string of a JSON value; names of members are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from texts_in(each)
