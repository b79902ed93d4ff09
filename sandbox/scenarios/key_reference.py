"""Every key of a scenario file with type, default, example and where it counts, from `specs/scenario.schema.json`.

The settings of a provider are described in its own spec.
"""

from collections.abc import Callable, Iterator

from sandbox.formats.schema_reference import Key, Schema, Section, kind, sections_of, shipped_schema, to_yaml
from sandbox.providers.registry import Registry

TOP = "scenario"
SETTINGS = "settings"
ORDER = ("when", "then", "outcome", "lifecycle", "callbacks", "reply", "rate", "account")  # the other sections follow


def scenario_schema() -> Schema:
    """Return the schema of scenario files."""
    return shipped_schema("scenario")


def sections(packs: Registry, link: Callable[[str], str] = str) -> Iterator[Section]:
    """Yield the sections of the reference; `link` returns what stands for a section's name within a type."""
    for section in sections_of(scenario_schema(), TOP, ORDER, link):
        yield section
        if section.name == "callbacks":
            yield _settings(packs)


def _settings(packs: Registry) -> Section:
    """Return the settings of every provider, which its own spec describes."""
    counts = "for each request and each callback attempt while the scenario is in force"
    keys = tuple(
        Key(
            f"{provider}.{name}",
            kind(setting.schema, str),
            to_yaml(setting.default),
            literal=True,
            example=f"{{{provider}: {{{name}: {to_yaml(setting.default)}}}}}",
            counts=counts,
            description=setting.description,
            required=False,
        )
        for provider, pack in packs.items()
        for name, setting in pack.spec.settings.items()
    )
    return Section(SETTINGS, str(scenario_schema()["properties"][SETTINGS]["description"]), "", keys)
