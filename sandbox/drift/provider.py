"""What a comparison knows of a provider: its document, its names, its words, and what was looked up in it."""

from collections.abc import Mapping
from typing import NamedTuple, Self

from sandbox.drift.compare import Schemas, expand
from sandbox.drift.edits import Edit
from sandbox.drift.facts import Facts
from sandbox.drift.places import parameter_paths, reply_schemas
from sandbox.formats.json_text import ValuePath
from sandbox.providers.registry import Pack
from sandbox.recording.vocabulary import Vocabulary
from sandbox.specs.routing import Found


class Provider(NamedTuple):
    """What is known of a provider: its pack, its names, its facts, its words for statuses, and all of its fixed words.

    `parameters` and `schemas` keep what was looked up in its document, `examples` the edits that add those seen.
    """

    pack: Pack
    vocabulary: Vocabulary
    facts: Facts
    words: frozenset[str]
    fixed: frozenset[str]
    parameters: dict[ValuePath, Mapping[str, ValuePath]]
    schemas: dict[tuple[object, ...], Schemas]
    examples: dict[ValuePath, Edit | None]

    @classmethod
    def of(cls, pack: Pack, facts: Facts) -> Self:
        """Return what is known of a provider."""
        vocabulary = Vocabulary.of(pack)
        channels = pack.spec.channels.values()
        words = frozenset(word for each in channels for word in (*each.read_back, *each.words.values()))
        return cls(pack, vocabulary, facts, words, vocabulary.fixed | words, {}, {}, {})

    def parameters_of(self, operation: ValuePath) -> Mapping[str, ValuePath]:
        """Return the path of each parameter of an operation or webhook."""
        known = self.parameters.get(operation)
        if known is None:
            known = self.parameters[operation] = parameter_paths(self.pack.spec.document, operation)
        return known

    def schemas_of(self, found: Found, status: int, media: str, kind: str) -> Schemas:
        """Return the schemas of a reply, those of its branches too."""
        key = (found.route.template, found.route.method, status, media)
        known = self.schemas.get(key)
        if known is None:
            own = reply_schemas(self.pack.spec, found, status, media, kind)
            known = self.schemas[key] = tuple(each for schema in own for each in expand(schema))
        return known
