"""The document that `sms-sandbox provider new` writes: a whole provider that serves at once, with comments."""

from pathlib import Path

from sandbox.core.errors import SandboxError, near_miss
from sandbox.specs.spec import NAME

DOCUMENT = Path(__file__).with_name("starter.yaml")  # with NAME and TITLE in the place of the provider's


class NameRefusedError(SandboxError):
    """A name that a provider cannot have."""


def check_name(name: str, taken: tuple[str, ...]) -> None:
    """Check the name of a new provider; `taken` are the names of those that are served already.

    Raises:
        NameRefusedError: It is not lower-case letters, digits, - and _, or another provider has it.

    """
    if name in taken:
        message = f"the provider '{name}' is built in; choose another name"
        raise NameRefusedError(message)
    if NAME.fullmatch(name):
        return
    parts = "".join(each if NAME.fullmatch(f"a{each}") else "-" for each in name.lower()).strip("-_0123456789")
    meant = near_miss(parts, [parts]) if parts and NAME.fullmatch(parts) else ""
    right = "use lower-case letters, digits, - and _, starting with a letter, such as acme"
    message = f"{name!r} is not a valid name; {right}.{meant}"
    raise NameRefusedError(message)


def write_starter(name: str) -> str:
    """Return the document of a new provider."""
    title = name.replace("-", " ").replace("_", " ").title()
    return DOCUMENT.read_text(encoding="utf-8").replace("TITLE", title).replace("NAME", name)
