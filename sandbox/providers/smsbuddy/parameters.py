"""Reads parameters as SMS Buddy does: trimmed, numbers as they are written."""

from collections.abc import Mapping

from sandbox.core.errors import SandboxError

BLANK = " \t\r\n"
OFF = ("off", False)  # how a setting is switched off; YAML reads a bare off as false
SHOWN = 20  # explanations of one kind in one refusal


class UnfitError(SandboxError):
    """A parameter that is wrong in a way its schema cannot say; the text is the explanation."""


def given(values: Mapping[str, object], name: str) -> str:
    """Return a parameter as trimmed text: empty when it is absent, or neither text nor whole number."""
    value = values.get(name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON Schema takes 1.0 for a whole number
    return str(value).strip(BLANK) if isinstance(value, str | int) and not isinstance(value, bool) else ""
