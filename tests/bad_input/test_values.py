"""Values that are none get the provider's own refusal with the reason, and nothing else comes of it."""

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from sandbox.specs.body_parsing import FORM, Request
from tests.bad_input.ways import JSON, ROOT, SENDERS, XML, Sender, ask, faults, label, ways
from tests.builders import Desk
from tests.conformance import reply_problems

NO_STRINGS: Mapping[str, object] = {
    "null": None,
    "true": True,
    "a float": 387619303.5,
    "an object": {"a": "38761930305"},
    "an array of arrays": [["38761930305"]],
    "a boolean in an array": [True],
}


@pytest.mark.parametrize("value", NO_STRINGS.values(), ids=NO_STRINGS)
@pytest.mark.parametrize("field", ["to", "text", "sender"])
@pytest.mark.parametrize("way", ways(JSON))
def test_what_is_no_string_is_refused_where_one_belongs(way: Sender, field: str, value: object) -> None:
    name = getattr(way, field) or way.text

    assert faults(Desk(), way.request(way.changed(**{name: value}))) == []


@pytest.mark.parametrize("value", [5, 1.5, ["hello"], 10**300])
@pytest.mark.parametrize("way", ways(JSON))
def test_a_text_that_is_a_number_or_an_array_is_refused(way: Sender, value: object) -> None:
    assert faults(Desk(), way.request(way.changed(**{way.text: value}))) == []


NO_NUMBERS: Mapping[str, str] = {
    "empty": "",
    "blank": " ",
    "a comma": ",",
    "too short": "12345",
    "letters": "38761x30305",
    "4000 digits": "9" * 4000,
    "a zero in front": "012345678901",
    "arabic-indic digits": "٣٨٧٦١٩٣٠٣٠٥",
    "fullwidth digits": "\uff13\uff18\uff17\uff16\uff11\uff19\uff13\uff10\uff13\uff10\uff15",
    "superscript digits": "³⁸⁷⁶¹⁹³⁰³⁰⁵",
    "a line separator": "38761930305\u2028",
    "a no-break space": "38761930305\u00a0",
    "a right-to-left mark": "\u200f38761930305",
    "a plus at the end": "38761930305+",
    "two pluses": "++38761930305",
    "an exponent": "3.8761930305e10",
    "hexadecimal": "0x906e0f3c1",
    "sql": "1' OR '1'='1",
    "markup": "<script>alert(1)</script>",
    "a format": "%s%n{0}{{7*7}}",
}


@pytest.mark.parametrize("number", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("way", ways())
def test_what_is_no_number_is_refused(way: Sender, number: str) -> None:
    text = number if way.kind != XML else number.replace("&", "&amp;").replace("<", "&lt;")

    assert faults(Desk(), way.request(way.changed(**{way.to: text}))) == []


@pytest.mark.parametrize("mark", ["\n", "\0", "\x1b", "\x7f", "\x0b"])
@pytest.mark.parametrize("way", ways(JSON))
def test_a_number_with_a_control_character_at_its_end_is_never_sent_to_with_it(way: Sender, mark: str) -> None:
    desk = Desk()
    number = str(way.good.get(way.to, "9812345678"))
    reply = ask(desk, way.request(way.changed(**{way.to: number + mark})))

    recipients = [message.recipient[-1:] for message in desk.world.messages.values()]
    assert (reply_problems(reply, way.method, way.path), mark in recipients, reply.status < 500) == ([], False, True)


@pytest.mark.parametrize("way", [way for way in SENDERS if way.name.startswith("betatel")], ids=label)
def test_a_betatel_number_with_a_line_break_at_its_end_is_refused(way: Sender) -> None:
    assert faults(Desk(), way.request(way.changed(to="38761930305\n"))) == []


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31mred", "a\x7fb", "a\x0bb", "\x08"])
@pytest.mark.parametrize("way", ways(JSON, FORM, "query"))
def test_a_text_with_a_control_character_is_refused(way: Sender, text: str) -> None:
    assert faults(Desk(), way.request(way.changed(**{way.text: text}))) == []


@pytest.mark.parametrize("text", ["a\r\nb", "a\tb", "ქართული", "😀", "\u202e", "<b>&amp;</b>", "{{7*7}}", "%00"])
@pytest.mark.parametrize("way", ways(JSON, FORM, "query"))
def test_any_other_text_is_kept_as_it_came(way: Sender, text: str) -> None:
    desk = Desk()
    ask(desk, way.request(way.changed(**{way.text: f"a {text}"})))

    assert [message.text for message in desk.world.messages.values()] == [f"a {text}"]


@pytest.mark.parametrize("name", ["", " ", "a\0b", "AB\n", "A\x1b", "A" * 5000, "ЖЖ", "\u202eACME"])
@pytest.mark.parametrize("way", [way for way in SENDERS if way.sender and "nodes" not in way.good], ids=label)
def test_a_sender_with_control_or_foreign_characters_is_refused(way: Sender, name: str) -> None:
    assert faults(Desk(), way.request(way.changed(**{str(way.sender): name}))) == []


@pytest.mark.parametrize("way", ways())
def test_a_missing_recipient_text_or_sender_is_refused(way: Sender) -> None:
    names = [each for each in (way.to, way.text, way.sender) if each]
    missing = [{name: value for name, value in way.changed().items() if name != left_out} for left_out in names]
    if "nodes" in way.good:
        missing = [{"nodes": way.good["nodes"]}, {"root": way.good["root"]}, {"root": {}, "nodes": [{}]}]

    assert [faults(Desk(), way.request(values)) for values in missing] == [[]] * len(missing)


@pytest.mark.parametrize("value", [{}, [], "x", 5, True, None, [[]], ["x"], [None], [5], [{}]])
@pytest.mark.parametrize("field", ["root", "nodes"])
def test_a_json_send_whose_parts_are_of_another_kind_is_refused(field: str, value: object) -> None:
    way = next(each for each in SENDERS if "nodes" in each.good)

    assert faults(Desk(), way.request({**way.good, field: value})) == []


@pytest.mark.parametrize("key", ["", " ", "\0", "k" * 5000, "k\n", "ключ", "\u202e"])
@pytest.mark.parametrize("way", ways())
def test_a_key_that_is_none_is_refused_or_is_an_account_of_its_own(way: Sender, key: str) -> None:
    desk = Desk()
    request = with_key(way, key)
    reply = ask(desk, request)

    opened = [account.key for account in desk.world.accounts.values()]
    assert (reply_problems(reply, request.method, request.path), reply.status < 500, len(opened) <= 1) == (
        [],
        True,
        True,
    )


def with_key(way: Sender, key: str) -> Request:
    """Return a good request under another key."""
    if way.name.startswith("betatel"):
        request = way.request(way.good)
        return Request(request.method, request.path, request.query, {**request.headers, "x-api-key": key}, request.body)
    if way.name.startswith("ubill"):
        values = {**way.query, "key": key, **(way.good if way.kind == "query" else {})}
        return way.raw(b"" if way.kind == "query" else way.request(way.good).body, query=values)
    if "root" in way.good:
        return way.request({**way.good, "root": {**ROOT, "key": key}})
    return way.request({**way.good, "key": key})


@pytest.mark.parametrize("way", ways(FORM, "query"))
def test_of_a_repeated_parameter_the_last_one_counts(way: Sender) -> None:
    desk = Desk()
    twice = urlencode([(way.text, "first"), *way.query.items(), *way.good.items(), (way.text, "last")])
    request = way.raw(twice.encode()) if way.kind == FORM else way.raw(b"", query=twice)
    ask(desk, request if way.kind != FORM else way.raw(twice.encode()))

    assert [message.text for message in desk.world.messages.values()] == ["last"]


@pytest.mark.parametrize("way", ways(FORM, "query"))
def test_a_text_given_as_an_array_is_refused(way: Sender) -> None:
    pairs = urlencode([*way.query.items(), *way.good.items(), (f"{way.text}[]", "x")]).replace(f"&{way.text}=", "&x=")
    request = way.raw(pairs.encode()) if way.kind == FORM else way.raw(b"", query=pairs)

    assert faults(Desk(), request) == []
