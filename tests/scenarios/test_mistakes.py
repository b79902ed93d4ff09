"""What is wrong with a scenario: every mistake at once, in its place, with the near miss; and nothing does harm."""

from pathlib import Path
from time import process_time

import pytest

from sandbox.core.errors import ScenarioError
from sandbox.scenarios import CheckResult, check_scenarios, load_file, load_text
from sandbox.scenarios.scenario_file import SCENARIO_KEYS
from tests.builders import packs
from tests.scenarios.builders import load, mistakes, one_rule


def rule_mistakes(when: str = "", then: str = "after: 1s") -> list[str]:
    """Return what is wrong with one rule, without the places."""
    return [each.split(": ", 1)[1] for each in mistakes(one_rule(when, then))]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["evening.yaml:1:1: the file is empty; write a scenario as YAML or JSON, such as rules: []"]),
        (
            "# nothing yet\n",
            ["evening.yaml:1:1: the file is empty; write a scenario as YAML or JSON, such as rules: []"],
        ),
        (
            "name: a\nname: b\nrules:\n- then: {after: 1s, after: 2s}\nseed: 1\nseed: 2",
            [
                "evening.yaml:2:1: duplicate key 'name'",
                "evening.yaml:4:21: duplicate key 'after'",
                "evening.yaml:6:1: duplicate key 'seed'",
            ],
        ),
        (
            '{"seed": 1, "seed": 2,\n "rules": [], "rules": []}',
            ["evening.yaml:1:13: duplicate key 'seed'", "evening.yaml:2:15: duplicate key 'rules'"],
        ),
        ("name: ours\nextends: [ours]", ["evening.yaml:2:11: a scenario cannot extend itself"]),
    ],
)
def test_each_of_these_files_has_a_sentence_of_its_own(text: str, said: list[str]) -> None:
    assert mistakes(text) == said


def test_a_file_that_extends_itself_or_one_beside_it_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "self.yaml").write_text("extends: [self]", encoding="utf-8")
    (tmp_path / "other.yaml").write_text("extends: [self]", encoding="utf-8")
    found = check_scenarios([tmp_path / "self.yaml", tmp_path / "other.yaml"], packs()).mistakes

    assert [each.problem.partition(" Available")[0] for each in found] == [
        "a scenario cannot extend itself",
        "no scenario is called 'self'.",
    ]
    assert found[1].problem.endswith(" self.yaml is beside this file; name its folder with --scenarios.")


@pytest.mark.parametrize(
    ("when", "then", "meant"),
    [
        ("recipient: '387*'", "after: 1s", "to"),
        ("Phone-Number: '387*'", "after: 1s", "to"),
        ("sender: SHOP", "after: 1s", "from"),
        ("body: hi", "after: 1s", "text"),
        ("probability: 0.5", "after: 1s", "chance"),
        ("", "delay: 1s", "after"),
        ("", "status: 500", "reply: {status: …}"),
        ("", "copies: 2", "callbacks: {copies: …}"),
        ("", "callbacks: {lose: all}", "drop"),
    ],
)
def test_another_word_for_a_key_is_told_the_key(when: str, then: str, meant: str) -> None:
    assert [each.partition("Did you mean ")[2] for each in rule_mistakes(when, then)] == [f"'{meant}'?"]


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
        "evening.yaml:10:23: 'soon' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds",
    ]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("name: 7", "7 is a number, not a string; put it in quotes"),
        ("name: ''", "the string is empty"),
        ("description: [a]", "['a'] is a list, not a string"),
        ("extends: default", "write extends: [default]"),
        ("extends: [defualt]", "no scenario is called 'defualt'. Did you mean 'default'?"),
        ("seed: -1", "invalid seed -1; write an integer from 0 to 2**63 - 1"),
        ("seed: 1.5", "1.5 is a number, not an integer"),
        ("clock: 60x", "'60x' is a string, not a mapping"),
        ("clock: {mode: scaled}", "mode: scaled needs a rate, such as rate: 60"),
        ("clock: {rate: 60}", "rate needs mode: scaled"),
        ("clock: {mode: scaled, rate: 0}", "0 is not greater than 0"),
        (
            "clock: {start: tomorrow}",
            "invalid timestamp 'tomorrow'; write it with a time zone, such as 2026-03-02T12:00:00Z",
        ),
        ("settings: {betatel: {prise: 1}}", "settings.betatel has no key 'prise'. Did you mean 'price'?"),
        ("targets: {ubill: 'ftp://x/'}", "invalid callback URL 'ftp://x/'; write http://HOST:PORT/PATH"),
        ("targets: {ubill: {key: a}}", "a target needs a url"),
        ("targets: {ubill: 'http://a:b@c/'}", "the URL must not contain credentials"),
        ("accounts: {ubill: {k: {closed: maybe}}}", "'maybe' is a string, not true or false"),
        ("accounts: {ubill: {k: {balance: -1}}}", "-1 is not an amount; write a number of at least 0"),
        (
            "accounts: {smsbuddy: {k: {balance: 1}}}",
            "smsbuddy has several balances; write balance: {trans: …}. Available: promo, trans, transscrub.",
        ),
        (
            "accounts: {smsbuddy: {k: {balance: {tarns: 1}}}}",
            "the balance of smsbuddy has no key 'tarns'. Did you mean 'trans'?",
        ),
        ("accounts: {ubill: {k: {brands: [{name: a}]}}}", "a sender needs an id"),
        (
            "accounts: {ubill: {k: {brands: [{id: a, state: new}]}}}",
            "no state is called 'new'. Available: approved, pending, refused.",
        ),
        ("accounts: {smsbuddy: {k: {templates: [{id: 1}]}}}", "a template needs text"),
        ("rules: {}", "{} is a mapping, not a list"),
        ("rules: [{when: {to: a}}]", "a rule needs the key then"),
        (
            "rules: [{when: {to: 3.8e10}, then: {after: 1s}}]",
            "3.8e10 is not a phone number; write its digits, or put it in quotes if it is a string",
        ),
        (
            "accounts: {ubill: {k: {stop_list: [0o17]}}}",
            "0o17 is not a phone number; write its digits, or put it in quotes if it is a string",
        ),
        ("rules: [a]", "'a' is a string, not a mapping"),
        (
            "[]",
            f"[] is a list, not a mapping; a scenario is a mapping with the keys {', '.join(SCENARIO_KEYS)}",
        ),
    ],
)
def test_a_mistake_apart_from_the_rules(text: str, mistake: str) -> None:
    assert top_mistakes(text) == [mistake]


def test_a_setting_that_breaks_its_schema_is_reported_with_its_description() -> None:
    assert top_mistakes("settings: {betatel: {price: cheap}}") == [
        "'cheap' is a string, not a number. USD for a message, whatever its length."
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
        ("operation: betatel.balance, to: '387*'", "'to' never matches: betatel.balance does not send messages"),
        ("to: ''", "the string is empty"),
        ("header: a", "'a' is a string, not a mapping"),
        ("otp: sure", "'sure' is a string, not true or false"),
        ("otp: yes", "'yes' is a string, not true or false; write true"),
        ("otp: off", "'off' is a string, not true or false; write false"),
        ("every: 0", "0 is less than 1"),
        ("first: two", "'two' is a string, not an integer"),
        ("nth: []", "write nth: [2, 5]"),
        ("nth: 2", "2 is a number, not a list"),
        ("first: 2, after: 3", "this never matches: first is 2, but after is 3"),
        ("per: to", "per needs one of every, first, nth, after"),
        ("first: 1, per: sender", "no way to count is called 'sender'. Available: account, to."),
        ("between: [6.30, '06:00']", 'invalid time of day 6.30; write it as "06:30"'),
        ("between: [22:60, '06:00']", "invalid time of day '22:60'; write it as \"06:30\""),
        (
            "between: ['22:00', '06:00', Europe/Sarajvo]",
            "no time zone is called 'Europe/Sarajvo'; write one such as Europe/Sarajevo",
        ),
        ("between: ['22:00']", 'write between: ["22:00", "06:00", Europe/Sarajevo]; the default time zone is UTC'),
        ("between: ['22:00', '22:00']", "the two times must differ"),
        ("during: {}", "write during: {from: 2m, to: 5m}, or only one of the two"),
        ("during: {from: 5m, to: 2m}", "from must be earlier than to"),
        ("chance: 5", "invalid chance 5; write a number above 0, up to 1: 0.01 is one in a hundred"),
        ("chance: .nan", "nan is not a finite number"),
        ("state: dwon", "no rule sets the state 'dwon'. Available: start."),
        ("state: False", "False is a boolean, not a string; put it in quotes"),
        ("state: 0123", "0123 is a number, not a string; put it in quotes"),
        ("to: true", "true is a boolean, not a string; put it in quotes"),
        ("after: 12:30", "'12:30' is a string, not an integer"),
        ("valid: all", "no kind of request is called 'all'. Available: any."),
    ],
)
def test_a_mistake_in_a_condition(when: str, mistake: str) -> None:
    assert rule_mistakes(when) == [mistake]


@pytest.mark.parametrize(
    ("then", "mistake"),
    [
        ("error: not-an-error", "betatel has no error called 'not-an-error'."),
        (
            "error: insuficient-funds",
            "betatel has no error called 'insuficient-funds'. Did you mean 'insufficient-funds'?",
        ),
        ("error: 499", "betatel has no error with the code '499'. Did you mean '429'?"),
        ("error: [500]", "[500] is a list, not the name or code of an error"),
        ("reply: {}", 'write reply: {status: 503, body: "Down for maintenance"}'),
        ("reply: {status: 999}", "invalid HTTP status 999; write one from 200 to 599"),
        ("reply: {status: 200, bdy: a}", "reply has no key 'bdy'. Did you mean 'body'?"),
        ("reply: {headers: {'a b': c}}", "invalid header name 'a b'"),
        ("reply: {headers: {Content-Length: 3}}", "the server sets Content-Length itself"),
        ("error: 500, reply: {status: 500}", "error and reply exclude each other"),
        ("fault: reset", "no fault is called 'reset'."),
        ("inbound: {after: 1s}", "inbound needs a text: write inbound: {text: Yes, after: 2s}"),
        ("lifecycle_from: replay", "no moment is called 'replay'. Did you mean 'reply'?"),
        ("opted_out: true, error: 500", "opted_out and error exclude each other"),
        ("opted_out: true, lifecycle: [sent: 1s]", "opted_out and lifecycle exclude each other"),
        ("opted_out: true, inbound: {text: a}", "opted_out and inbound exclude each other"),
        ("optout: true", "then has no key 'optout'. Did you mean 'opted_out'?"),
        ("accepted: true", "accepted needs an error, a fault, or a reply with a status of at least 400"),
        ("illegal: true", "illegal needs a lifecycle"),
        ("lifecycle: {sent: 1s}", "{'sent': '1s'} is a mapping, not a list"),
        ("after: 12:30", "'12:30' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"),
        ("callbacks: {key: 0123}", "0123 is a number, not a string; put it in quotes"),
        ("reply: {body: {code: 0123}}", "0123 would be sent as 123; put it in quotes"),
        ("reply: {body: [.inf]}", ".inf is not a number in JSON; put it in quotes"),
        ("lifecycle: [sent]", "write each step as status: delay, such as sent: 200ms"),
        ("lifecycle: [rejected/DNDNUM: 1s]", "no status is called 'rejected/DNDNUM' for betatel.sms."),
        ("lifecycle: [sent: -1s]", "'-1s' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a number of seconds"),
        ("lifecycle: [sent: {unifrom: [1s, 2s]}]", "a distribution has no key 'unifrom'. Did you mean 'uniform'?"),
        ("lifecycle: [sent: {uniform: [2s, 1s]}]", "the first duration is longer than the second"),
        ("lifecycle: [sent: {uniform: [2s]}]", "write uniform: [100ms, 400ms]"),
        ("lifecycle: [sent: {lognormal: [2s, 9]}]", "sigma must be from 0 to 3"),
        (
            "lifecycle: [sent: {percentiles: {50: 2s, 95: 1s}}]",
            "percentiles and their durations must be in ascending order",
        ),
        ("lifecycle: [sent: {percentiles: {150: 2s}}]", "'150' is not a percentile; write a number from 0 to 100"),
        (
            "lifecycle: [delivered: 1s]",
            "delivered cannot follow queued for betatel.sms; failed, rejected, sent can. Write illegal: true",
        ),
        ("outcomes: []", "write at least one outcome, such as {weight: 1, lifecycle: [sent: 1s]}"),
        ("outcomes: [{weight: 0, after: 1s}]", "0 is not greater than 0"),
        ("outcomes: [{weight: -5, after: 1s}]", "-5 is not greater than 0"),
        ("outcomes: [{after: 1s}]", "an outcome needs a weight"),
        ("outcomes: [{weight: 1, callbacks: {}}]", "an outcome has no key 'callbacks'."),
        ("fault: hang, outcomes: [{weight: 1, after: 1s}]", "move fault into the outcomes, or remove the outcomes"),
        ("callbacks: {copies: 0}", "0 is less than 1"),
        ("callbacks: {copies: 1000}", "1000 is more than 100"),
        ("callbacks: {drop: some}", "write drop: all, drop: first, or a list of statuses such as [sent]"),
        ("callbacks: {drop: [snt]}", "no status is called 'snt'. Did you mean 'sent'?"),
        ("callbacks: {order: random}", "no order is called 'random'. Available: reverse, shuffle."),
        ("callbacks: {strict: true, order: reverse}", "strict and order exclude each other"),
        ("set: {}", "write set: {state: down}"),
        ("set: down", "'down' is a string, not a mapping"),
        ("rate: {limit: 0, per: 1s, error: 500}", "0 is less than 1"),
        ("rate: {limit: 1, per: 0s, error: 500}", "the duration must be longer than 0"),
        ("rate: {limit: 1, per: 1s}", "rate needs error: write {limit: 10, per: 1m, error: too-many-requests}"),
        ("rate: {limit: 1, per: 1s, error: 500, by: key}", "no way to count is called 'key'."),
    ],
)
def test_a_mistake_in_what_a_rule_does(then: str, mistake: str) -> None:
    found = rule_mistakes(then=then)

    assert [each.startswith(mistake) for each in found] == [True]


def test_a_move_that_one_providers_table_does_not_have_is_a_mistake() -> None:
    assert rule_mistakes("provider: ubill", "lifecycle: [failed: 1s]") == [
        "failed cannot follow queued for ubill.sms; rejected, sent can. Write illegal: true to allow it"
    ]


def test_an_error_of_another_provider_is_a_mistake() -> None:
    assert rule_mistakes("provider: ubill", "error: 402") == [
        "ubill has no error with the code '402'. Did you mean '40'?"
    ]


def test_a_rule_about_messages_alone_must_be_about_something_that_sends() -> None:
    assert rule_mistakes("operation: betatel.balance", "lifecycle: [sent: 1s]") == [
        "this has no effect: betatel.balance does not send messages"
    ]


def test_two_rules_of_one_name_are_a_mistake() -> None:
    text = "rules:\n- {name: a, when: {first: 1}, then: {}}\n- {name: a, then: {}}"

    assert mistakes(text) == ["evening.yaml:3:4: another rule is already called 'a'"]


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
    assert rule_mistakes(f"text: '{pattern}'") == [f"invalid regular expression {pattern} (RE2 syntax): {why}"]


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
        (BOMB, "more than 100000 values, with aliases expanded"),
        ("a: &a [*a]", "nested too deeply"),
        ("[" * 900_000, "nested too deeply"),
        ("- " * 450_000, "nested too deeply"),
        ("seed: 1\nseed: 2", "duplicate key 'seed'"),
        ("rules:\n\t- {}", "found character that cannot start any token"),
        ("base: &base {}\nrules: [{<<: *base}]", "merge keys (<<) are not supported; write the keys out"),
        ("a: b: c", "mapping values are not allowed in this context"),
        ("seed: !!python/name:os.system", "could not determine a constructor for the tag"),
        ("? [a]\n: b", "a key must be a string"),
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

    assert str(error.value) == f"{path}:1:1: 10485760 bytes (limit: 1048576)"


def test_a_text_of_ten_megabytes_is_not_read() -> None:
    with pytest.raises(ScenarioError) as error:
        load_text("#" * 10 * 1024 * 1024, "body", packs=packs())

    assert str(error.value) == "body:1:1: 10485760 characters (limit: 1048576)"


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"name: \xff")

    assert [str(each) for each in check_scenarios([path, tmp_path / "none.yaml"], packs()).mistakes] == [
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
    found = check_scenarios(paths, packs())

    assert (found, process_time() - begun < 2) == (CheckResult((), ()), True)
