"""Templates that ask for too much, and `fake` that must be the same for a seed; the table is in `tests/data`."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

import pytest
import yaml
from jinja2 import TemplateSyntaxError

from sandbox.core.effects import TemplateContext
from sandbox.demo.sender import seeded_faker
from sandbox.scenarios.reply_templates import template_variables
from sandbox.templates.budget import MEMORY_LIMIT, STEP_LIMIT, Budget, BudgetExceededError, spending
from sandbox.templates.environment import environment, render
from sandbox.templates.fake_data import AVAILABLE, FakeData, FakeDataError, load_dates_provider, prepare
from tests.builders import NOON
from tests.scenarios.builders import betatel, desk, mistakes

TABLE = Path(__file__).parent.parent / "data" / "hostile_templates.yaml"
SAMPLES = Path(__file__).parent / "fake_samples.py"
SCENE = TemplateContext(
    seed=7,
    number=3,
    at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    request={"method": "POST", "path": "/", "query": {}, "headers": {}, "body": {"text": "Hello"}},
    message={"text": "Hello", "to": "38761930305"},
    account=None,
)
# One of each kind that Faker draws in its own way; `--hostile` asks for every method that is offered.
SOME_METHODS = """
    address binary color csv date_this_year email future_datetime iban iso8601 json name null_boolean password
    phone_number pydict random_elements text time_series unix_time uuid4
    """.split()  # noqa: SIM905 - twenty names read better without quotes
SENTENCES = {
    "STEPS": f"BudgetExceededError: the templates of this reply exceed the limit of {STEP_LIMIT} steps",
    "MEMORY": f"BudgetExceededError: the templates of this reply exceed the limit of {MEMORY_LIMIT} bytes of memory",
}


@cache
def table() -> dict[str, list[dict[str, str]]]:
    """Return the rows of the table by their group."""
    groups: dict[str, list[dict[str, str]]] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return groups


def rows() -> Iterator[object]:
    for group, found in table().items():
        for row in found:
            yield pytest.param(row, id=f"{group}: {row['template'][:60]}")


def still() -> float:
    """Return the time of a clock that stands: steps and sizes alone end a template."""
    return 0.0


def written(template: str, budget: Budget | None = None) -> str:
    """Return what a template writes, within a budget."""
    compiled, names, _ = environment().read(template)
    context = template_variables(SCENE, frozenset(names))
    with spending(budget or Budget(clock=still)):
        return render(compiled, context)


def outcome(template: str) -> tuple[str, str]:
    """Return what becomes of a template, by the words of the table."""
    try:
        return "gives", written(template)
    except TemplateSyntaxError as error:
        return "refused", f"the template does not parse: {error.message}"
    except Exception as error:  # noqa: BLE001 - that any error is answered is what the table is about
        return "fails", f"{type(error).__name__}: {error}"


def printed(names: Iterable[str], *machines: dict[str, str]) -> list[dict[str, object]]:
    """Return what the samples of some methods are on some machines, in processes side by side."""
    command = [sys.executable, str(SAMPLES), *names]
    started = [
        subprocess.Popen(command, env={**os.environ, **machine}, stdout=subprocess.PIPE)  # noqa: S603 - ours
        for machine in machines
    ]
    return [json.loads(process.communicate()[0]) for process in started]


def body(template: object) -> str:
    """Return a scenario whose only rule answers with a template."""
    return f"rules: [{{then: {{reply: {{body: {json.dumps(template)}}}}}}}]"


@pytest.mark.parametrize("row", list(rows()))
def test_a_template_of_the_table_ends_as_it_says(row: dict[str, str]) -> None:
    (kind, expected), found = list(row.items())[1], outcome(row["template"])
    expected = SENTENCES.get(expected, expected)

    assert (found[0], found[1][: len(expected)] if kind == "fails" else found[1]) == (kind, expected)


@pytest.mark.parametrize("group", list(table()))
def test_no_template_of_the_table_takes_ten_megabytes(group: str, *, hostile: bool) -> None:
    large = {}
    for row in table()[group]:
        if row.get("fails") == "STEPS":  # as many small values as steps: slow to trace, so some of them stand below
            continue
        if not hostile and "gives" not in row and row.get("fails") != "MEMORY":  # refused before much is made
            continue
        tracemalloc.start()
        outcome(row["template"])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if peak > 10_000_000:
            large[row["template"]] = peak

    assert large == {}


@pytest.mark.parametrize(
    "template",
    [
        "{% set x %}{% for a in range(99999) %}0123456789012345678901234567890123456789{% endfor %}{% endset %}",
        "{{ range(99999)|join('x' * 999) }}",
        "{{ range(99999)|reverse|list }}",
    ],
)
def test_many_small_values_stay_below_ten_megabytes_too(template: str) -> None:
    tracemalloc.start()
    outcome(template)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "BudgetExceededError"),
        ("{{ 'a'.center(10**14) }}", "BudgetExceededError"),
        ("{{ cycler() }}", "RuntimeError: at least one item has to be provided"),
        ("{{ fake.image() }}", "FakeDataError: fake.image is not available in templates"),
        ("{% for a in range(11) %}{{ fake.unique.random_digit() }}{% endfor %}", "UniquenessException"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
        (r"{{ {}['\ud800' * 9999] }}", "UndefinedError"),
    ],
)
def test_an_error_of_any_type_is_answered_in_words_and_stands_in_the_journal(template: str, why: str) -> None:
    at = desk(body(template))

    reply = betatel(at)

    told, exchange = reply.body.decode(), at.world.requests[int(reply.headers["X-Sandbox-Request"])]
    assert (
        reply.status,
        told.startswith(f"evening.yaml:1:25: the template failed: {why}"),
        len(told) < 700,
        exchange.status,
    ) == (500, True, True, 500)


def test_all_templates_of_a_reply_have_one_budget() -> None:
    once = "{% for a in range(9999) %}{% endfor %}"

    assert [betatel(desk(body([once] * times))).status for times in (1, 2, 3)] == [200, 200, 500]


def test_a_template_ends_after_a_hundred_milliseconds_of_processor_time() -> None:
    a_millisecond_each_time = count(0, 1)
    budget = Budget(clock=lambda: next(a_millisecond_each_time) / 1000)

    with pytest.raises(BudgetExceededError) as caught:
        written("{% for a in range(99999) %}{% endfor %}", budget)

    assert (str(caught.value), budget.steps < STEP_LIMIT) == (
        "the templates of this reply exceed the limit of 100 ms of processor time",
        True,
    )


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ 1 }}" * 4000, "does not parse: it has more than 10000 tokens"),
        ("{% for a in [1] %}" * 30 + "{% endfor %}" * 30, "does not compile: SyntaxError: too many statically"),
        ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "is nested too deeply"),
        ("{{ " + "9" * 5000 + " }}", "does not compile: ValueError: Exceeds the limit"),
    ],
)
def test_a_template_that_takes_long_to_compile_is_a_mistake_of_the_file(template: str, why: str) -> None:
    found = mistakes(body(template))

    assert [each.startswith(f"evening.yaml:1:25: the template {why}") for each in found] == [True]


def test_nothing_is_computed_while_a_template_is_read() -> None:
    assert mistakes(body("{{ 'a'|center(10 ** 9) }}{{ 'a' * 10 ** 12 }}{{ ('a' ~ 'b')|center(10 ** 10) }}")) == []


def test_unique_values_begin_anew_with_each_reply() -> None:
    template = "{% for a in range(10) %}{{ fake.unique.random_digit() }}{% endfor %}"
    replies = [[betatel(at) for _ in range(5)] for at in (desk(body(template)), desk(body(template)))]

    first, second = ([(reply.status, reply.body) for reply in each] for each in replies)
    assert (first == second, {status for status, _ in first}, len({text for _, text in first})) == (True, {200}, 5)


def test_the_dates_of_fake_are_counted_from_the_clock_of_the_workspace() -> None:
    template = "{{ fake.future_date() }} {{ fake.date_this_year() }} {{ fake.past_datetime() }}"
    starts = (NOON, NOON, NOON.replace(year=1999))

    now, again, then = (betatel(desk(body(template), start=start)).body.decode() for start in starts)

    assert (now == again, now[:4], then[:4], then.split()[1][:4]) == (True, "2026", "1999", "1999")


def test_a_method_of_fake_is_the_same_in_another_process_on_another_day(*, hostile: bool) -> None:
    one, other = printed(
        sorted(AVAILABLE) if hostile else SOME_METHODS,
        {"FAKE_DAY": "2001", "TZ": "UTC", "PYTHONHASHSEED": "1"},
        {"FAKE_DAY": "2031", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2"},
    )

    assert (one["samples"] == other["samples"], one["machine"] != other["machine"]) == (True, True)


def test_a_faker_without_the_names_that_are_replaced_in_it_is_a_mistake_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sandbox.templates.fake_data.find_spec", lambda _: None)
    prepare.cache_clear()
    load_dates_provider.cache_clear()

    why = "fake does not work with the installed version of Faker"
    assert mistakes(body("{{ fake.name() }}")) == [
        f"evening.yaml:1:25: {why}: ImportError: Faker has no module faker.providers.date_time"
    ]


def test_fake_draws_what_faker_draws_for_the_seed() -> None:
    budget, faker = Budget(clock=still), seeded_faker(7, 3)
    names = ("name", "address", "company", "phone_number", "pyint", "uuid4")
    expected = [getattr(faker, name)() for name in names]

    with spending(budget):
        fake = FakeData(7, 3, NOON)
        drawn = [getattr(fake, name)() for name in names]

    assert drawn == expected


def test_a_misspelt_method_of_fake_gets_a_hint() -> None:
    with pytest.raises(FakeDataError, match=r"Did you mean 'first_name'\?$"):
        getattr(FakeData(7, 3, NOON), "firstname")  # noqa: B009 - what a template does
