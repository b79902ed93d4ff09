"""Tables of the reference, such as those of the keys of scenario files and provider documents."""

from collections.abc import Iterable, Iterator

from sandbox.formats.schema_reference import Section, sections_of, shipped_schema
from sandbox.providers.registry import Registry
from sandbox.scenarios.key_reference import TOP, sections

Lines = Iterator[str]
PROVIDER_TOP = "document"
PROVIDER_ORDER = (  # the other sections follow
    "sandbox",
    "operation",
    "behaviour",
    "send",
    "message",
    "messages",
    "balance",
    "codeCheck",
    "reply",
    "body",
    "channel",
    "callback",
    "signature",
    "inbound",
    "credential",
    "refusal",
    "time",
)


def scenario_keys(packs: Registry) -> Lines:
    """Yield the keys of a scenario file from its schema, and the settings of the providers."""
    yield from _key_tables(sections(packs, link=_to_section), TOP)


def provider_keys(_: Registry) -> Lines:
    """Yield the keys of a provider document from its schema."""
    found = sections_of(shipped_schema("provider"), PROVIDER_TOP, PROVIDER_ORDER, _to_section)
    yield from _key_tables(found, PROVIDER_TOP)


def _to_section(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _key_tables(found: Iterable[Section], top: str) -> Lines:
    """Yield a heading, a description and a table for each section."""
    for section in found:
        yield from (f"## {'Top level' if section.name == top else section.name}", "", section.description, "")
        rows = [
            (
                f"`{key.name}`",
                key.type,
                f"`{key.default}`" if key.literal else key.default,
                f"`{key.example}`",
                key.counts,
                ("Required. " if key.required else "") + key.description,
            )
            for key in section.keys
        ]
        yield from table(("Key", "Type", "Default", "Example", "Counts", "Description"), rows)
        if section.type:
            yield from (f"Type: {section.type}.", "")


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Lines:
    """Yield a table; nothing without rows. A column that is empty in every row is left out."""
    texts = [[_cell(str(cell)) for cell in row] for row in rows]
    kept = [place for place in range(len(head)) if any(row[place] for row in texts)]
    if texts:
        yield f"| {' | '.join(head[place] for place in kept)} |"
        yield f"| {' | '.join('---' for _ in kept)} |"
        yield from (f"| {' | '.join(row[place] for place in kept)} |" for row in texts)
        yield ""


def _cell(text: str) -> str:
    """Return a text as it stands in a table: on one line, with `|` and, outside code, `*` escaped."""
    pieces = " ".join(text.split()).replace("|", r"\|").split("`")
    return "`".join(piece if place % 2 else piece.replace("*", r"\*") for place, piece in enumerate(pieces))
