"""The one-time code of a text, on texts in many languages; why other numbers are none; and what the search costs."""

from pathlib import Path
from time import process_time

import pytest

from sandbox.core.code_candidates import Reason
from sandbox.core.code_detection import TextContext, find_code
from sandbox.core.code_words import ISO_4217
from sandbox.formats.yaml_files import load

SAMPLES: dict[str, list[dict[str, str | None]]] = load(Path(__file__).parents[1] / "data" / "one_time_codes.yaml")  # type: ignore[assignment]
REASONS = [
    ("OTP for A/C 12345678", Reason.LABELLED),
    ("OTP (Ref 7788)", Reason.LABELLED),
    ("code for order 20261127", Reason.LABELLED),
    ("OTP to pay AED 1500", Reason.AMOUNT),
    ("Kod za placanje 1500 KM", Reason.AMOUNT),
    ("OTP valid till 2359 hrs", Reason.COUNT),
    ("OTP valid till 2359", Reason.TIME),
    ("code for 2 cards, one from 27 November 2026", Reason.DATE),
    ("card 123456******", Reason.MASKED),
    ("card 1234567890123456", Reason.TOO_LONG),
    ("code 1234@acme.com", Reason.PART),
    ("code sent to 98123456", Reason.RECIPIENT),
    ("call 1800 266 2660", Reason.PHONE),
    ("code until 23:59", Reason.DATE_TIME_OR_AMOUNT),
    ("code until 27-11-2026", Reason.DATE_OR_PHONE),
    ("code 15000%", Reason.AMOUNT),
]
REPEATED = ["1234 ", "12 34-", "$", "code ", "1", "a://", "http://a ", "123-456 ", "+1", "(1", "a.", "a-", "x", "not "]
REPEATED += [
    "code 1234 ",
    "1a",
    "a1",
    "1,",
    "@a ",
    "验证码1234,",
    "is ",
    "order ",
    "code 20% off ",
    "code 1234 off your ",
]
SIZE = 4_000


@pytest.mark.parametrize("language", SAMPLES)
def test_the_code_of_a_text_is_the_one_that_a_person_reads(language: str) -> None:
    """One test for a language, as a test of its own for each of these texts takes 20 times as long as the search."""
    rows = [(str(row["text"]), row["code"]) for row in SAMPLES[language]]

    assert [(text, find_code(text)) for text, _ in rows] == rows


def test_the_texts_are_many_and_of_many_languages() -> None:
    assert (sum(map(len, SAMPLES.values())) >= 570, len(SAMPLES) >= 28) == (True, True)


@pytest.mark.parametrize(("text", "reason"), REASONS)
def test_a_number_that_is_no_code_has_a_reason(text: str, reason: Reason) -> None:
    context = TextContext(text)

    assert [context.judge(each).reason for each in context.find_candidates()] == [reason]


@pytest.mark.parametrize("amount", ["{} 1500", "1500 {}", "{}1500", "1500{}", "1500.00 {}"])
def test_an_amount_in_any_currency_is_no_code(amount: str) -> None:
    texts = [f"OTP to pay {amount.format(currency)} is 482910" for currency in sorted(ISO_4217)]

    assert [text for text in texts if find_code(text) != "482910"] == []


@pytest.mark.parametrize("part", REPEATED)
def test_a_text_twice_as_long_takes_about_twice_as_long(part: str) -> None:
    once, twice = (work(f"code {part * (size // len(part))}") for size in (SIZE, 2 * SIZE))

    assert twice < 3.5 * max(once, 0.001)


@pytest.mark.parametrize("part", ["code 1234 ", "验证码1234,", "1", "x"])
def test_a_text_longer_than_any_message_costs_hardly_more(part: str) -> None:
    message, endless = (work(f"code {part * (size // len(part))}") for size in (8_000, 800_000))

    assert endless < 5 * max(message, 0.01)


def test_a_text_longer_than_any_message_is_searched_at_both_ends() -> None:
    endless = "x " * 100_000

    assert [find_code(f"Your code is 482910. {endless}"), find_code(f"{endless} Your code is 482910")] == ["482910"] * 2


def work(text: str) -> float:
    """Return the seconds of this process that a search takes, at best."""
    taken = []
    for _ in range(3):
        begun = process_time()
        find_code(text)
        taken.append(process_time() - begun)
    return min(taken)
