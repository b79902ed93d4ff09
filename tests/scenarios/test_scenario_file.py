"""What a scenario says apart from its rules: name, seed, clock, settings, targets, accounts, and what it extends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sandbox.core.account import Account, Approval
from sandbox.core.callback import Target
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.errors import ScenarioError
from sandbox.scenarios import load_file, load_named, load_text, scenario_paths
from tests.builders import NOON, Desk, make_world, packs, read
from tests.scenarios.builders import balance, betatel, desk, load, messages, smsbuddy, ubill


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def opened(text: str, provider: str = "smsbuddy", *, key: str = "k1") -> Account | None:
    """Return the account that a key opens."""
    return load(text).opened(packs()[provider].spec.fresh_account(key, at=NOON))


def test_name_and_description_are_the_files_own() -> None:
    scenario = load("name: evening\ndescription: A rough one.")

    assert (scenario.name, scenario.description) == ("evening", "A rough one.")


def test_without_a_name_the_file_gives_it(folder: Path) -> None:
    put(folder, evening="description: Calm.")

    assert load_file(folder / "evening.yaml", packs=packs()).name == "evening"


def test_a_scenario_keeps_its_source() -> None:
    assert load("seed: 7 # lucky").source == "seed: 7 # lucky"


def test_a_scenario_may_be_json() -> None:
    assert load('{"name": "evening", "rules": [{"when": {"to": "387*"}, "then": {"error": 500}}]}').words == (
        "evening rule 1: when the recipient matches 387*: the error 500",
    )


def test_a_seed_is_a_whole_number() -> None:
    assert load("seed: 7").seed == 7


@pytest.mark.parametrize(
    ("text", "clock_config"),
    [
        ("mode: real", ClockConfig(ClockMode.REAL)),
        ("mode: scaled, rate: 60", ClockConfig(ClockMode.SCALED, 60.0)),
        ("mode: frozen, start: 2026-03-02T12:00:00Z", ClockConfig(ClockMode.FROZEN, 1.0, NOON)),
        ("mode: frozen, start: '2026-03-02T13:00:00+01:00'", ClockConfig(ClockMode.FROZEN, 1.0, NOON)),
    ],
)
def test_a_clock_has_a_mode_a_rate_and_a_start(text: str, clock_config: ClockConfig) -> None:
    assert load(f"clock: {{{text}}}").clock == clock_config


def test_settings_stand_in_place_of_the_specs_defaults() -> None:
    at = desk("settings: {smsbuddy: {http_status: 200, promotional_hours: off}}")

    reply = smsbuddy(at, "nobody")

    assert (reply.status, read(reply)) == (200, {"status": "406", "message": "No Valid Numbers"})


def test_targets_are_urls_with_or_without_a_key() -> None:
    assert load(
        "targets: {betatel: 'http://127.0.0.1:9000/', ubill: {url: 'https://localhost/dlr', key: secret}}"
    ).targets == {
        "betatel": Target("http://127.0.0.1:9000/"),
        "ubill": Target("https://localhost/dlr", "secret"),
    }


def test_a_closed_key_is_unknown() -> None:
    at = desk("accounts: {betatel: {CLOSED0KEY: {closed: true}}}")

    assert [betatel(at, key=key).status for key in ("CLOSED0KEY", "k1")] == [401, 200]


def test_a_key_that_a_later_scenario_closes_stops_working() -> None:
    at = desk("name: open")

    before = betatel(at).status
    at.world.commit(load("accounts: {betatel: {k1: {closed: true}}}"))

    assert (before, betatel(at).status) == (200, 401)


def test_of_accounts_that_match_the_later_counts() -> None:
    text = "accounts: {betatel: {'team-*': {closed: true}, team-7: {closed: false}}}"

    assert [opened(text, "betatel", key=key) is None for key in ("team-1", "team-7", "other")] == [True, False, False]


def test_a_provider_of_accounts_may_be_a_glob() -> None:
    text = "accounts: {'*': {'bad*': {closed: true}}}"

    assert [opened(text, provider, key="bad-1") for provider in packs()] == [None, None, None]


def test_a_balance_is_one_amount_or_one_for_each_purse() -> None:
    text = "accounts: {betatel: {'*': {balance: 0.15}}, smsbuddy: {'*': {balance: {trans: 5}}}}"

    balances = [account.balance for provider in ("betatel", "smsbuddy") if (account := opened(text, provider))]

    everything = Decimal(1_000_000)
    assert balances == [
        {"USD": Decimal("0.15")},
        {"trans": Decimal(5), "promo": everything, "transscrub": everything},
    ]


@pytest.mark.parametrize("word", ["senders", "brands"])
def test_senders_or_brands_stand_in_place_of_the_accounts_own(word: str) -> None:
    account = opened(
        f"accounts: {{smsbuddy: {{'*': {{{word}: [{{id: NEWHDR, state: refused}}, {{id: 123456, name: Promo}}]}}}}}}"
    )

    senders = [(each.id, each.name, each.state) for each in account.senders] if account else []
    assert senders == [("NEWHDR", "NEWHDR", Approval.REFUSED), ("123456", "Promo", Approval.APPROVED)]


def test_templates_and_stop_list_stand_in_place_of_the_accounts_own() -> None:
    account = opened(
        "accounts: {smsbuddy: {'*': {templates: [{id: 1207, text: 'Hi {#var#}'}], stop_list: [919811111111]}}}"
    )

    found = ([(each.id, each.text) for each in account.templates], account.stop_list) if account else None
    assert found == ([("1207", "Hi {#var#}")], frozenset({"919811111111"}))


def test_an_account_of_a_scenario_is_charged_as_any_other() -> None:
    at = desk("accounts: {ubill: {'*': {balance: {sms: 1}}}}")

    assert [read(ubill(at)), read(ubill(at))] == [
        {"statusID": 0, "smsID": "53411481", "message": "Success"},
        {"statusID": 40, "message": "Not enough balance"},
    ]


def test_the_rules_of_what_is_extended_follow_the_files_own(folder: Path) -> None:
    put(
        folder,
        base="rules: [{name: base, then: {after: 1s}}]",
        top="extends: [base]\nrules: [{name: top, when: {to: '387*'}, then: {after: 2s}}]",
    )

    scenario = load_named("top", packs=packs(), folders=[folder])

    assert scenario.words == (
        "top: when the recipient matches 387*: the reply is sent after 2s",
        "base: the reply is sent after 1s",
    )


def test_other_values_apply_where_the_file_has_none_of_its_own(folder: Path) -> None:
    base = (
        "seed: 1\nclock: {mode: frozen}\nsettings: {betatel: {price: 1, timeout: 3s}}\ntargets: {betatel: 'http://a/'}"
    )
    put(folder, base=base, top="extends: [base]\nseed: 2\nsettings: {betatel: {price: 2}}")

    scenario = load_named("top", packs=packs(), folders=[folder])

    assert (scenario.seed, scenario.clock, scenario.settings, scenario.targets) == (
        2,
        ClockConfig(ClockMode.FROZEN),
        {"betatel": {"price": 2, "timeout": "3s"}},
        {"betatel": Target("http://a/")},
    )


def test_what_two_files_extend_comes_once_and_after_both(folder: Path) -> None:
    put(
        folder,
        base="rules: [{name: base, then: {after: 1s}}]",
        left="extends: [base]\nrules: [{name: left, when: {to: '1*'}, then: {after: 1s}}]",
        right="extends: [base]\nrules: [{name: right, when: {to: '2*'}, then: {after: 1s}}]",
        top="extends: [left, right]",
    )

    words = load_named("top", packs=packs(), folders=[folder]).words

    assert [each.partition(":")[0] for each in words] == ["left", "right", "base"]


def test_a_scenario_that_extends_itself_is_refused(folder: Path) -> None:
    put(folder, one="extends: [two]", two="extends: [one]")

    with pytest.raises(ScenarioError) as error:
        load_named("one", packs=packs(), folders=[folder])

    assert str(error.value) == f"{folder}/two.yaml:1:11: 'one' extends this scenario in turn"


def test_a_mistake_in_an_extended_scenario_is_reported_in_its_place(folder: Path) -> None:
    put(folder, base="seed: lucky", top="extends: [base]\nseeed: 1")

    with pytest.raises(ScenarioError) as error:
        load_named("top", packs=packs(), folders=[folder])

    assert str(error.value).splitlines() == [
        f"{folder}/top.yaml:2:1: a scenario has no key 'seeed'. Did you mean 'seed'?",
        f"{folder}/base.yaml:1:1: 'lucky' is a string, not an integer",
    ]


def test_a_folder_of_ones_own_comes_before_the_shipped_scenarios(folder: Path) -> None:
    put(folder, default="name: mine", more="name: more")

    paths = scenario_paths([folder])

    assert (paths["default"], paths["more"], "instant" in paths) == (
        folder / "default.yaml",
        folder / "more.yaml",
        True,
    )


def test_an_unknown_name_is_answered_with_the_near_miss() -> None:
    with pytest.raises(ScenarioError) as error:
        load_named("instnat", packs=packs())

    assert str(error.value) == "no scenario is called 'instnat'. Did you mean 'instant'?"


def test_rules_named_alike_in_two_files_count_apart(folder: Path) -> None:
    put(
        folder,
        top="name: same\nextends: [base]\nrules: [{name: rule, when: {first: 1, to: '1*'}, then: {after: 1s}}]",
        base="name: same\nrules: [{name: rule, when: {first: 1}, then: {after: 2s}}]",
    )
    at = Desk(make_world(load_named("top", packs=packs(), folders=[folder])))

    balance(at)
    balance(at)

    assert dict(at.world.rule_counts) == {"same: rule (2)": 2}


def names(values: Mapping[str, object]) -> list[str]:
    return sorted(values)


def test_without_a_scenario_of_its_own_nothing_is_ruled() -> None:
    at = desk("name: bare")

    betatel(at)

    assert (messages(at)[0].rule, at.world.now(), names(at.world.rule_counts)) == (
        None,
        datetime(2026, 3, 2, 12, tzinfo=UTC),
        [],
    )


def test_a_zone_that_the_clocks_of_the_world_do_not_have_is_a_mistake() -> None:
    with pytest.raises(ScenarioError) as raised:
        load_text("name: x\nsettings: {ubill: {zone: Mars/Phobos}}\n", "x.yaml", packs=packs())

    assert str(raised.value).partition(". ")[0] == "x.yaml:2:20: 'Mars/Phobos' is not a valid time-zone"
