"""What is wrong with a scenario: every mistake at once, in its place, with the near miss; and nothing does harm."""

from pathlib import Path
from time import process_time

import pytest

from sandbox.core.errors import ScenarioError
from sandbox.scenarios import Checked, check, load_file, load_text
from sandbox.scenarios.scenario_file import TOP
from tests.builders import packs
from tests.scenarios.builders import load, mistakes, one_rule


def rule_mistakes(when: str = "", then: str = "after: 1s") -> list[str]:
    """Return what is wrong with one rule, without the places."""
    return [each.split(": ", 1)[1] for each in mistakes(one_rule(when, then))]


def top_mistakes(text: str) -> list[str]:
    """Return what is wrong with a text, without the places."""
    return [each.split(": ", 1)[1] for each in mistakes(text)]


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    text = """\
name: evening
seeed: 7
clock: {mode: frosen}
accounts:
  betatle: {}
rules:
  - name: one
    when: {to: "387*", evry: 3}
    then: {lifecycle: [sent: 1s, deliverd: 2s]}
  - then: {eror: 500, after: soon}
"""

    assert mistakes(text) == [
        "evening.yaml:2:1: a scenario has no key 'seeed'. Did you mean 'seed'?",
        "evening.yaml:3:9: no mode is called 'frosen'. Did you mean 'frozen'?",
        "evening.yaml:5:3: no provider is called 'betatle'. Did you mean 'betatel'?",
        "evening.yaml:8:24: when has no key 'evry'. Did you mean 'every'?",
        "evening.yaml:9:34: no status is called 'deliverd' for betatel.sms. Did you mean 'delivered'?",
        "evening.yaml:10:12: then has no key 'eror'. Did you mean 'error'?",
        "evening.yaml:10:23: 'soon' is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("name: 7", "7 is a number, not a text; put it in quotes"),
        ("name: ''", "is empty"),
        ("description: [a]", "['a'] is an array, not a text"),
        ("extends: default", "write extends: [default]"),
        ("extends: [defualt]", "no scenario is called 'defualt'. Did you mean 'default'?"),
        ("seed: -1", "-1 is no seed; write a whole number from 0 to 2**63 - 1"),
        ("seed: 1.5", "1.5 is a number, not a whole number"),
        ("clock: 60x", "'60x' is a string, not a mapping"),
        ("clock: {mode: scaled}", "a scaled clock needs a rate, such as rate: 60"),
        ("clock: {rate: 60}", "a rate goes with mode: scaled alone"),
        ("clock: {mode: scaled, rate: 0}", "0 is not positive"),
        ("clock: {start: tomorrow}", "'tomorrow' is no instant; write it as 2026-03-02T12:00:00Z"),
        ("settings: {betatel: {prise: 1}}", "the settings of betatel has no key 'prise'. Did you mean 'price'?"),
        ("targets: {ubill: 'ftp://x/'}", "'ftp://x/' is no URL for callbacks; write http://HOST:PORT/PATH"),
        ("targets: {ubill: {key: a}}", "a target needs a url"),
        ("targets: {ubill: 'http://a:b@c/'}", "the URL must not carry credentials"),
        ("accounts: {ubill: {k: {closed: maybe}}}", "'maybe' is a string, not true or false"),
        ("accounts: {ubill: {k: {balance: -1}}}", "-1 is no amount from 0 on"),
        (
            "accounts: {smsbuddy: {k: {balance: 1}}}",
            "smsbuddy has several purses; write balance: {trans: …}. There are: promo, trans, transscrub.",
        ),
        (
            "accounts: {smsbuddy: {k: {balance: {tarns: 1}}}}",
            "the balance of smsbuddy has no key 'tarns'. Did you mean 'trans'?",
        ),
        ("accounts: {ubill: {k: {brands: [{name: a}]}}}", "a sender needs an id"),
        (
            "accounts: {ubill: {k: {brands: [{id: a, state: new}]}}}",
            "no state is called 'new'. There are: approved, pending, refused.",
        ),
        ("accounts: {smsbuddy: {k: {templates: [{id: 1}]}}}", "a template needs text"),
        ("rules: {}", "{} is an object, not a list"),
        ("rules: [{when: {to: a}}]", "a rule needs then: what it does"),
        ("rules: [a]", "'a' is a string, not a mapping"),
        (
            "[]",
            f"[] is an array, not a mapping; a scenario is a mapping with {', '.join(TOP)}",
        ),
    ],
)
def test_a_mistake_apart_from_the_rules(text: str, mistake: str) -> None:
    assert top_mistakes(text) == [mistake]


def test_a_setting_that_breaks_its_schema_is_told_with_what_it_means() -> None:
    assert top_mistakes("settings: {betatel: {price: cheap}}") == [
        "'cheap' is a string, not number. USD for a message, whatever its length."
    ]


@pytest.mark.parametrize(
    ("when", "mistake"),
    [
        ("provider: bettel", "no provider is called 'bettel'. Did you mean 'betatel'?"),
        ("operation: betatel.sms.sned", "no operation is called 'betatel.sms.sned'. Did you mean 'betatel.sms.send'?"),
        (
            "provider: ubill, operation: betatel.sms.send",
            "no operation of ubill is called 'betatel.sms.send'. Did you mean 'ubill.sms.send'?",
        ),
        ("operation: betatel.balance, to: '387*'", "'to' never holds: no message is sent by betatel.balance"),
        ("to: ''", "is empty"),
        ("header: a", "'a' is a string, not a mapping"),
        ("otp: sure", "'sure' is a string, not true or false"),
        ("otp: yes", "'yes' is a string, not true or false; write true"),
        ("otp: off", "'off' is a string, not true or false; write false"),
        ("every: 0", "0 is less than 1"),
        ("first: two", "'two' is a string, not a whole number"),
        ("nth: []", "write nth: [2, 5]"),
        ("nth: 2", "2 is a number, not a list"),
        ("first: 2, after: 3", "this never holds: the first 2, and only after 3"),
        ("per: to", "per says what is counted apart, but none of every, first, nth and after is here"),
        ("first: 1, per: sender", "no way to count apart is called 'sender'. There are: account, to."),
        ("between: [6.30, '06:00']", '6.30 is no time of day; write it as "06:30"'),
        ("between: [22:60, '06:00']", "'22:60' is no time of day; write it as \"06:30\""),
        (
            "between: ['22:00', '06:00', Europe/Sarajvo]",
            "no time zone is called 'Europe/Sarajvo'; write one such as Europe/Sarajevo",
        ),
        ("between: ['22:00']", 'write between: ["22:00", "06:00", Europe/Sarajevo]; without a zone it is UTC'),
        ("between: ['22:00', '22:00']", "it is over when it begins"),
        ("during: {}", "write during: {from: 2m, to: 5m}, or one of the two"),
        ("during: {from: 5m, to: 2m}", "it is over before it begins"),
        ("chance: 5", "5 is no chance; it goes from 0 to 1: one in a hundred is 0.01"),
        ("chance: .nan", "nan is no number"),
        ("state: dwon", "no rule sets the state 'dwon'. There are: start."),
        ("state: False", "False is a boolean, not a text; put it in quotes"),
        ("state: 0123", "0123 is a number, not a text; put it in quotes"),
        ("to: true", "true is a boolean, not a text; put it in quotes"),
        ("after: 12:30", "'12:30' is a string, not a whole number"),
        ("valid: all", "no kind of request is called 'all'. There are: any."),
    ],
)
def test_a_mistake_in_a_condition(when: str, mistake: str) -> None:
    assert rule_mistakes(when) == [mistake]


@pytest.mark.parametrize(
    ("then", "mistake"),
    [
        ("error: not-an-error", "no error called 'not-an-error' for betatel."),
        (
            "error: insuficient-funds",
            "no error called 'insuficient-funds' for betatel. Did you mean 'insufficient-funds'?",
        ),
        ("error: 499", "no error with the code '499' for betatel. Did you mean '429'?"),
        ("error: [500]", "[500] is an array, not the name of an error, or its code"),
        ("reply: {}", 'write reply: {status: 503, body: "Down for maintenance"}'),
        ("reply: {status: 999}", "999 is no status of a reply; they go from 200 to 599"),
        ("reply: {status: 200, bdy: a}", "reply has no key 'bdy'. Did you mean 'body'?"),
        ("reply: {headers: {'a b': c}}", "'a b' is no name of a header"),
        ("reply: {headers: {Content-Length: 3}}", "Content-Length is set by the server itself"),
        ("error: 500, reply: {status: 500}", "error and reply exclude each other"),
        ("fault: reset", "no fault is called 'reset'."),
        ("accepted: true", "accepted goes with an error, a reply from 400 on, or a fault"),
        ("illegal: true", "illegal goes with a lifecycle"),
        ("lifecycle: {sent: 1s}", "{'sent': '1s'} is an object, not a list"),
        ("after: 12:30", "'12:30' is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds"),
        ("callbacks: {key: 0123}", "0123 is a number, not a text; put it in quotes"),
        ("reply: {body: {code: 0123}}", "0123 would go out as 123; put it in quotes"),
        ("reply: {body: [.inf]}", ".inf is no number in JSON; put it in quotes"),
        ("lifecycle: [sent]", "write each step as status: delay, such as sent: 200ms"),
        ("lifecycle: [rejected/DNDNUM: 1s]", "no status is called 'rejected/DNDNUM' for betatel.sms."),
        ("lifecycle: [sent: -1s]", "'-1s' is no duration; write 200ms, 5s, 2m, 1h, 1d or a number of seconds"),
        ("lifecycle: [sent: {unifrom: [1s, 2s]}]", "a distribution has no key 'unifrom'. Did you mean 'uniform'?"),
        ("lifecycle: [sent: {uniform: [2s, 1s]}]", "the first duration is longer than the second"),
        ("lifecycle: [sent: {uniform: [2s]}]", "write uniform: [100ms, 400ms]"),
        ("lifecycle: [sent: {lognormal: [2s, 9]}]", "sigma goes from 0 to 3"),
        ("lifecycle: [sent: {percentiles: {50: 2s, 95: 1s}}]", "percentiles and their durations must rise"),
        ("lifecycle: [sent: {percentiles: {150: 2s}}]", "'150' is no percentile; they go from 0 to 100"),
        (
            "lifecycle: [delivered: 1s]",
            "delivered does not follow queued for betatel.sms: failed, rejected, sent may. Write illegal: true",
        ),
        ("outcomes: []", "write at least one outcome, such as {weight: 1, lifecycle: [sent: 1s]}"),
        ("outcomes: [{weight: 0, after: 1s}]", "0 is not positive"),
        ("outcomes: [{weight: -5, after: 1s}]", "-5 is not positive"),
        ("outcomes: [{after: 1s}]", "an outcome needs a weight"),
        ("outcomes: [{weight: 1, callbacks: {}}]", "an outcome has no key 'callbacks'."),
        ("fault: hang, outcomes: [{weight: 1, after: 1s}]", "fault stands in the outcomes, or instead of them"),
        ("callbacks: {copies: 0}", "0 is less than 1"),
        ("callbacks: {copies: 1000}", "1000 copies of each callback are more than 100"),
        ("callbacks: {drop: some}", "write drop: all, drop: first, or a list of statuses such as [sent]"),
        ("callbacks: {drop: [snt]}", "no status is called 'snt'. Did you mean 'sent'?"),
        ("callbacks: {order: random}", "no order is called 'random'. There are: reverse, shuffle."),
        ("callbacks: {strict: true, order: reverse}", "strict keeps callbacks in their own order; it excludes order"),
        ("set: {}", "write set: {state: down}"),
        ("set: down", "'down' is a string, not a mapping"),
        ("rate: {limit: 0, per: 1s, error: 500}", "0 is less than 1"),
        ("rate: {limit: 1, per: 0s, error: 500}", "a span of time is longer than 0"),
        ("rate: {limit: 1, per: 1s}", "a rate needs error: write {limit: 10, per: 1m, error: too-many-requests}"),
        ("rate: {limit: 1, per: 1s, error: 500, by: key}", "no way to count apart is called 'key'."),
    ],
)
def test_a_mistake_in_what_a_rule_does(then: str, mistake: str) -> None:
    found = rule_mistakes(then=then)

    assert [each.startswith(mistake) for each in found] == [True]


def test_a_move_that_one_providers_table_does_not_have_is_a_mistake() -> None:
    assert rule_mistakes("provider: ubill", "lifecycle: [failed: 1s]") == [
        "failed does not follow queued for ubill.sms: rejected, sent may. Write illegal: true to have it all the same"
    ]


def test_an_error_of_another_provider_is_a_mistake() -> None:
    assert rule_mistakes("provider: ubill", "error: 402") == [
        "no error with the code '402' for ubill. Did you mean '40'?"
    ]


def test_a_rule_about_messages_alone_must_be_about_something_that_sends() -> None:
    assert rule_mistakes("operation: betatel.balance", "lifecycle: [sent: 1s]") == [
        "no message is sent by betatel.balance, so this changes nothing"
    ]


def test_two_rules_of_one_name_are_a_mistake() -> None:
    text = "rules:\n- {name: a, when: {first: 1}, then: {}}\n- {name: a, then: {}}"

    assert mistakes(text) == ["evening.yaml:3:4: another rule is called 'a' already"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("/(a/", "missing ): (a"),
        (r"/(?=a)b/", "invalid perl operator: (?="),
        (r"/(a)\1/", r"invalid escape sequence: \1"),
        ("/((a{1000}){1000}){1000}/", "invalid repetition size: {1000}"),
    ],
)
def test_an_expression_that_might_not_run_in_linear_time_is_refused(pattern: str, why: str) -> None:
    assert rule_mistakes(f"text: '{pattern}'") == [
        f"{pattern} is no expression that runs in linear time (RE2 syntax): {why}"
    ]


def test_an_expression_that_would_blow_up_elsewhere_runs_in_linear_time() -> None:
    scenario = load(one_rule("text: '/^(a+)+$/'", "after: 1s"))
    test = scenario.rules["betatel.sms.send"].general[0].tests[0]
    case = type("Text", (), {"text": "a" * 1_000_000 + "!"})()

    begun = process_time()
    found = test(case)

    assert (found, process_time() - begun < 1) == (False, True)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (BOMB, "more than 100000 values, aliases written out"),
        ("a: &a [*a]", "nested too deeply"),
        ("[" * 900_000, "nested too deeply"),
        ("- " * 450_000, "nested too deeply"),
        ("seed: 1\nseed: 2", "the key 'seed' stands here twice"),
        ("rules:\n\t- {}", "found character that cannot start any token"),
        ("base: &base {}\nrules: [{<<: *base}]", "merge keys (<<) are not read here; write the keys out"),
        ("a: b: c", "mapping values are not allowed in this context"),
        ("seed: !!python/name:os.system", "could not determine a constructor for the tag"),
        ("? [a]\n: b", "a key must be a plain word"),
        ("seed: *nowhere", "found undefined alias"),
    ],
)
def test_yaml_that_would_do_harm_is_one_clear_mistake(text: str, mistake: str) -> None:
    found = mistakes(text)

    assert (len(found), mistake in found[0], found[0].startswith("evening.yaml:")) == (1, True, True)


def test_a_file_of_ten_megabytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    path.write_bytes(b"#" * 10 * 1024 * 1024)

    with pytest.raises(ScenarioError) as error:
        load_file(path, packs=packs())

    assert str(error.value) == f"{path}:1:1: 10485760 bytes; a file may have 1048576"


def test_a_text_of_ten_megabytes_is_not_read() -> None:
    with pytest.raises(ScenarioError) as error:
        load_text("#" * 10 * 1024 * 1024, "body", packs=packs())

    assert str(error.value) == "body:1:1: 10485760 characters; a file may have 1048576"


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"name: \xff")

    assert [str(each) for each in check([path, tmp_path / "none.yaml"], packs()).mistakes] == [
        f"{path}:1:1: byte 6 is not UTF-8",
        f"{tmp_path}/none.yaml:1:1: No such file or directory",
    ]


def test_a_hundred_files_are_checked_in_under_two_seconds(tmp_path: Path) -> None:
    rules = "".join(
        f"  - {{when: {{to: '38{number}*', every: 3}}, then: {{lifecycle: [sent: 1s, failed: 2s]}}}}\n"
        for number in range(10)
    )
    paths = [tmp_path / f"scenario{number}.yaml" for number in range(100)]
    for path in paths:
        path.write_text(f"extends: [default]\nrules:\n{rules}", encoding="utf-8")

    begun = process_time()
    found = check(paths, packs())

    assert (found, process_time() - begun < 2) == (Checked((), ()), True)
