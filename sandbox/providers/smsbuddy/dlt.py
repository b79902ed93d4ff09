"""The Indian DLT rules: whether a text is what its registered template allows."""

import re

from sandbox.core.account import Account

VARIABLE = "{#var#}"
LONGEST = 30  # characters that a variable may stand for
TEMPLATE_ID = re.compile(r"[0-9]{12,19}")


def breaks_template(account: Account, template_id: str, text: str) -> bool:
    """Whether the text is sent without the account's template for it; an account without templates is not asked."""
    if not account.templates:
        return False
    template = next((each for each in account.templates if each.id == template_id), None)
    return template is None or not TEMPLATE_ID.fullmatch(template_id) or not fits(template.text, text)


def fits(template: str, text: str) -> bool:
    """Whether `text` is `template` with at most 30 characters in place of each variable.

    Bit n of `reached` says that the pieces so far may end before character n, so the work grows with the number of
    pieces times the length of the text at worst, however ambiguous they are.
    """
    first, *pieces = template.split(VARIABLE)
    places = {piece: starts(piece, text) for piece in set(pieces)}
    reached = 1 << len(first) if text.startswith(first) else 0
    for piece in pieces:
        reached = (after_variable(reached) & places[piece]) << len(piece)
    return bool(reached >> len(text) & 1)


def after_variable(reached: int) -> int:
    """Return the places that lie 0 to 30 characters behind those reached."""
    for shift in (1, 2, 4, 8, 15):
        reached |= reached << shift
    return reached


def starts(piece: str, text: str) -> int:
    """Return the places at which `piece` stands in `text`, as bits."""
    found, place = 0, text.find(piece)
    while place >= 0:
        found |= 1 << place
        place = text.find(piece, place + 1)
    return found
