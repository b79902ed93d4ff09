"""Documents that describe messages from phones: what may be left out, and how each mistake is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.core.errors import SpecError
from sandbox.providers.registry import Pack, discover
from tests.builders import NOON
from tests.providers.phones.serving import FOLDER


def document(**inbound: object) -> dict[str, Any]:
    """Return Acme's document with other values for its inbound messages; None leaves a key out."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "acme.yaml").read_text(encoding="utf-8"))
    sms = found["x-sandbox"]["channels"]["sms"]
    sms["inbound"] = {name: value for name, value in {**sms["inbound"], **inbound}.items() if value is not None}
    return found


def served(folder: Path, written: Mapping[str, Any]) -> Pack:
    (folder / "acme.yaml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    return discover([folder])["acme"]


@pytest.mark.parametrize(
    ("inbound", "mistakes"),
    [
        (
            {"callback": None},
            ["is missing; write the callback that brings a message from a phone, such as callback: {body: {…}}"],
        ),
        ({"word": "MO"}, ["inbound has no key 'word'. Available: callback, id, says, start, stop."]),
        ({"stop": "STOP"}, ["'STOP' is a string, not a list"]),
        ({"stop": ["STOP", 1]}, ["1 is a number, not a string; put it in quotes"]),
        ({"start": ["Stop"]}, ["STOP is listed under stop too; list it in one place"]),
        ({"id": {"kind": "uuid", "per": "request"}}, ["a message from a phone belongs to no request; leave per out"]),
        ({"id": "uid"}, ["unknown kind of id 'uid'. Did you mean 'uuid'?"]),
        ({"callback": {"body": "{{ message.txt }}"}}, ["message has no member 'txt'. Did you mean 'text'?"]),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, inbound: dict[str, object], mistakes: list[str]) -> None:
    with pytest.raises(SpecError) as told:
        served(tmp_path, document(**inbound))

    assert [each.problem.partition(": ")[2] for each in told.value.mistakes] == mistakes


def test_a_lifecycle_cannot_have_the_status_of_texts_from_phones(tmp_path: Path) -> None:
    written = document()
    written["x-sandbox"]["channels"]["sms"]["statuses"]["received"] = {"says": "READ"}

    with pytest.raises(SpecError, match="unknown status 'received'"):
        served(tmp_path, written)


@pytest.mark.parametrize(
    ("words", "opt"),
    [
        *((word, "stop") for word in ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT")),
        *((word, "start") for word in ("START", "YES", "UNSTOP")),
        ("HELP", None),
    ],
)
def test_the_usual_words_opt_out_and_in_if_a_document_names_none(tmp_path: Path, words: str, opt: str | None) -> None:
    inbound = served(tmp_path, document(stop=None, start=None)).provider.inbound["sms"]

    assert inbound.opt(words.lower()) == opt


def test_what_may_be_left_out_has_a_usual_value(tmp_path: Path) -> None:
    inbound = served(tmp_path, document(says=None, id=None)).provider.inbound["sms"]

    assert (dict(inbound.channel.words), len(inbound.draw_id(7, 1, NOON))) == ({"received": "received"}, 36)
