"""Writes values where a document may have templates: as they are, or as expressions of the type of an example."""

import re

BRACES = re.compile(r"\{\{|\{%|\{#")
DEPTH_LIMIT = 10
MEMBER_LIMIT = 80
ITEM_LIMIT = 3
TEXT_LIMIT = 600


def literal(text: str) -> str:
    """Return a text that stands for itself where a text may be a template."""
    return BRACES.sub(lambda found: f"{{{{ '{found[0]}' }}}}", text)


def unescaped(value: object, depth: int = 0) -> object:
    """Return an example as a body that is always the same; large ones are shortened."""
    if isinstance(value, str):
        return literal(value[:TEXT_LIMIT])
    if isinstance(value, dict) and depth < DEPTH_LIMIT:
        return {name: unescaped(each, depth + 1) for name, each in list(value.items())[:MEMBER_LIMIT]}
    if isinstance(value, list) and depth < DEPTH_LIMIT:
        return [unescaped(each, depth + 1) for each in value[:ITEM_LIMIT]]
    return None if isinstance(value, dict | list) else value


def typed(expression: str, example: object) -> str:
    """Return a template of an expression, as a number if the example is one."""
    number = isinstance(example, int) and not isinstance(example, bool)
    return f"{{{{ {expression} | int }}}}" if number else f"{{{{ {expression} }}}}"


def counted(expression: str, example: object) -> str:
    """Return a template of a number, as a text if the example is one."""
    return f"{{{{ {expression} | string }}}}" if isinstance(example, str) else f"{{{{ {expression} }}}}"
