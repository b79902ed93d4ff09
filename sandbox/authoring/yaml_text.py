"""Writes YAML for people: block style, short mappings on one line, and comments, which PyYAML cannot write."""

import json
import re
from collections.abc import Iterator, Mapping

from sandbox.formats.json_text import ValuePath

WIDTH = 120
SPAN = re.compile(
    r"\d{1,9}(\.\d+)?(ms|s|m|h|d)|\d+\.\d+\.\d+", re.ASCII
)  # durations and versions are texts in any YAML
FLOW_DEPTH = 2  # mappings and lists inside one another on one line
BLOCK = frozenset(
    {
        "paths",
        "channels",
        "statuses",
        "settings",
        "components",
        "schemas",
        "responses",
        "parameters",
        "properties",
        "send",
        "x-sandbox",
    }
)
PARTS = frozenset({"x-sandbox", "security", "paths", "components"})  # a line before each
PLAIN = re.compile(r"[A-Za-z_/$](?:[\w ./+()=@%&;$'\"|<>^~*?!-]|:(?=[A-Za-z0-9/])|(?<=\S)#)*(?<!\s)", re.ASCII)
PLAIN_KEY = re.compile(r"[A-Za-z_/$][\w./$+-]*(?:\{\w+\}[\w./$+-]*)*", re.ASCII)
# Words that one of the YAML versions reads as something else than a text.
WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "~", "nan", "inf", "infinity"})
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

Comments = Mapping[ValuePath, str]


def write_yaml(document: Mapping[str, object], comments: Comments, head: str = "") -> str:
    """Return a document as YAML; `comments` stand above the values at their paths, `head` at the top."""
    lines = [*_comment(head, ""), *([""] if head else [])]
    for key, value in document.items():
        if key in PARTS:
            lines.append("")
        lines += _member(key, value, "", (key,), comments)
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"{indent}# {UNSAFE.sub(' ', line)}".rstrip()


def _member(key: str, value: object, indent: str, path: ValuePath, comments: Comments) -> Iterator[str]:
    yield from _comment(comments.get(path, ""), indent)
    name = write_key(key)
    flow = _flow(value, len(indent), len(name) + 2, key=key, commented=_is_commented(path, comments))
    if flow is not None:
        yield f"{indent}{name}: {flow}"
    elif isinstance(value, str):
        chomp = "" if value.endswith("\n") else "-"
        yield f"{indent}{name}: |{chomp}"
        yield from (f"{indent}  {line}".rstrip() if line else "" for line in value.removesuffix("\n").split("\n"))
    elif isinstance(value, Mapping):
        yield f"{indent}{name}:"
        for inner, each in value.items():
            yield from _member(str(inner), each, indent + "  ", (*path, inner), comments)
    elif isinstance(value, list):
        yield f"{indent}{name}:"
        yield from _items(value, indent + "  ", path, comments)


def _items(value: list[object], indent: str, path: ValuePath, comments: Comments) -> Iterator[str]:
    for place, each in enumerate(value):
        inner = (*path, place)
        yield from _comment(comments.get(inner, ""), indent)
        flow = _flow(each, len(indent), 2)
        if flow is not None:
            yield f"{indent}- {flow}"
        elif isinstance(each, Mapping):
            lines = [
                line
                for key, item in each.items()
                for line in _member(str(key), item, indent + "  ", (*inner, key), comments)
            ]
            first = next(place for place, line in enumerate(lines) if not line.lstrip().startswith("# "))
            yield from (line for line in lines[:first])
            yield f"{indent}- {lines[first].removeprefix(indent + '  ')}"
            yield from lines[first + 1 :]
        elif isinstance(each, list):
            yield f"{indent}-"
            yield from _items(each, indent + "  ", inner, comments)
        else:
            yield f"{indent}- {write_scalar(each)}"


def _is_commented(path: ValuePath, comments: Comments) -> bool:
    return any(len(each) > len(path) and each[: len(path)] == path for each in comments)


def _flow(value: object, indent: int, before: int, *, key: str = "", commented: bool = False) -> str | None:
    """Return a value on the line of its key; None if it does not fit there or reads better as a block."""
    if isinstance(value, str) and "\n" in value and _is_block_text(value):
        return None
    if not isinstance(value, Mapping | list):
        return write_scalar(value, alone=True)
    if not value:
        return "{}" if isinstance(value, Mapping) else "[]"
    if commented or key in BLOCK or _depth(value) > FLOW_DEPTH:
        return None
    text = write_flow(value)
    return text if indent + before + len(text) <= WIDTH else None


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _is_block_text(text: str) -> bool:
    """Return whether a text of several lines can be written as a block as it is."""
    lines = text.split("\n")
    return not (
        UNSAFE.search(text)
        or text.startswith((" ", "\n", "\t"))
        or text.endswith("\n\n")
        or any(line != line.rstrip() or "\t" in line for line in lines)
    )


def write_flow(value: object) -> str:
    """Return a value in flow style."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow_key(str(key))}: {write_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow_item, value)) + "]"
    return write_scalar(value)


def _flow_item(value: object) -> str:
    """Return an item of a list; a mapping of one scalar needs no braces there."""
    pair = [*value.items()] if isinstance(value, Mapping) and len(value) == 1 else []
    if pair and not isinstance(pair[0][1], Mapping | list):
        return f"{_flow_key(str(pair[0][0]))}: {write_flow(pair[0][1])}"
    return write_flow(value)


def write_key(key: str) -> str:
    """Return a key; one that is no plain word is quoted."""
    if PLAIN_KEY.fullmatch(key) and key.lower() not in WORDS:
        return key
    return _quoted(key)


def _flow_key(key: str) -> str:
    return _quoted(key) if "{" in key else write_key(key)


def write_scalar(value: object, *, alone: bool = False) -> str:
    """Return a text, number, boolean or null, quoted only where it has to be; `alone`: on a line, not among others."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")
    text = str(value)
    bare = text.replace(", ", " ") if alone else text
    if SPAN.fullmatch(text) or (
        PLAIN.fullmatch(bare) and text.lower() not in WORDS and " #" not in text and not text.startswith(("$ ", "/ "))
    ):
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    if text and not UNSAFE.search(text) and "\n" not in text and "\t" not in text:
        return "'" + text.replace("'", "''") + "'" if '"' in text or "\\" in text else f'"{text}"'
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))
