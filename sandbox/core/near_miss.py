"""The name that was probably meant by one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches


def near_miss(word: str, known: Iterable[str]) -> str:
    """Return the sentence " Did you mean 'name'?", else the one that lists all known names, else an empty text."""
    names = sorted(known)
    found = get_close_matches(word, names, n=1) or [name for name in names if name.lower() == word.lower()]
    if found:
        return f" Did you mean '{found[0]}'?"
    return f" There are: {', '.join(names)}." if names else ""
