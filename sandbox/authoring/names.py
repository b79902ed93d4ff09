"""What the names and words of providers usually mean: the tables of `words.yaml`, from which the importer guesses."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from sandbox.core.message import Status
from sandbox.formats.yaml_files import load

WORDS = cast("Mapping[str, Any]", load(Path(__file__).with_name("words.yaml")))
PARENTS, NO_ERROR = frozenset(WORDS["parents"]), frozenset(WORDS["no_error"])
KEY_NAMES, SECRET_NAMES, ERROR_CODES = WORDS["keys"], WORDS["secrets"], WORDS["error_codes"]
STATUS_WORDS = {Status(name): words for name, words in WORDS["statuses"].items()}
MEANINGS = {word: status for status, words in STATUS_WORDS.items() for word in words}
PREFIX = re.compile(r"^(?:message|sms|msg|status|dlr)[-_. ]?", re.IGNORECASE)


def normal(name: object) -> str:
    """Return a name in the form in which names are compared."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


RANKS = {field: {name: place for place, name in enumerate(names)} for field, names in WORDS["names"].items()}


def rank(field: str, name: object) -> int | None:
    """Return how well a name fits a field, 0 for best; None if it does not."""
    return RANKS[field].get(normal(name))


def status_of(word: object) -> Status | None:
    """Return the status that a provider's word usually means, None if it is unknown."""
    if not isinstance(word, str) or len(word) > 40:  # noqa: PLR2004 - no provider's word is longer
        return None
    return MEANINGS.get(normal(word)) or MEANINGS.get(normal(PREFIX.sub("", word)))
