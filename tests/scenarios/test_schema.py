"""The schema for editors and the loader know the same keys and values, key by key."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sandbox.core.account import Approval
from sandbox.core.clock import ClockMode
from sandbox.core.effects import Fault
from sandbox.core.message import LIFECYCLE_STATUSES, CallbackOrder
from sandbox.formats.yaml_files import read_text, shipped
from sandbox.scenarios import (
    actions,
    conditions,
    reply_templates,
    rulebook,
    scenario_file,
    scenario_paths,
    scope,
    value_readers,
)
from tests.scenarios.builders import mistakes

SCHEMA: Mapping[str, Any] = json.loads(read_text(shipped("specs") / "scenario.schema.json"))
DEFS: Mapping[str, Any] = SCHEMA["$defs"]
VALIDATOR = Draft202012Validator(SCHEMA)

KEYS = {
    "scenario": (SCHEMA, scenario_file.SCENARIO_KEYS),
    "clock": (DEFS["clock"], scenario_file.CLOCK_KEYS),
    "target": (DEFS["target"]["anyOf"][1], scenario_file.TARGET_KEYS),
    "account": (DEFS["account"], scenario_file.ACCOUNT_KEYS),
    "sender": (DEFS["sender"], scenario_file.SENDER_KEYS),
    "template": (DEFS["template"], scenario_file.TEMPLATE_KEYS),
    "rule": (DEFS["rule"], rulebook.RULE_KEYS),
    "when": (DEFS["when"], conditions.WHEN_KEYS),
    "during": (DEFS["when"]["properties"]["during"], conditions.DURING_KEYS),
    "then": (DEFS["then"], actions.THEN_KEYS),
    "outcome": (DEFS["outcome"], actions.OUTCOME_KEYS),
    "reply": (DEFS["reply"], reply_templates.REPLY_KEYS),
    "callbacks": (DEFS["callbacks"], actions.CALLBACK_KEYS),
    "inbound": (DEFS["inbound"], actions.INBOUND_KEYS),
    "set": (DEFS["then"]["properties"]["set"], actions.SET_KEYS),
    "rate": (DEFS["rate"], scope.RATE_KEYS),
    "distribution": (DEFS["distribution"], tuple(value_readers.DISTRIBUTIONS)),
}

WORDS: Mapping[str, tuple[list[str], Iterable[str]]] = {
    "mode": (DEFS["clock"]["properties"]["mode"]["enum"], ClockMode),
    "state of a sender": (DEFS["sender"]["properties"]["state"]["enum"], Approval),
    "per": (DEFS["when"]["properties"]["per"]["enum"], conditions.COUNT_BY),
    "fault": (DEFS["fault"]["enum"], Fault),
    "order": (DEFS["callbacks"]["properties"]["order"]["enum"], CallbackOrder),
    "drop": (DEFS["callbacks"]["properties"]["drop"]["anyOf"][1]["items"]["enum"], LIFECYCLE_STATUSES),
    "by": (DEFS["rate"]["properties"]["by"]["enum"], scope.RATE_BY),
}

# A document for each key, and whether it is a scenario; what only the providers' specs can tell is not among them.
DOCUMENTS = [
    ("name: evening", True),
    ("name: 7", False),
    ("description: x", True),
    ("extends: [default]", True),
    ("extends: default", False),
    ("seed: 7", True),
    ("seed: -1", False),
    ("seed: x", False),
    ("clock: {mode: scaled, rate: 60}", True),
    ("clock: {mode: fast}", False),
    ("clock: {mode: frozen, rte: 1}", False),
    ("clock: {mode: frozen, start: '2026-03-02T12:00:00Z'}", True),
    ("settings: {betatel: {price: 1}}", True),
    ("settings: []", False),
    ("targets: {ubill: 'http://127.0.0.1:9000/'}", True),
    ("targets: {ubill: {url: 'http://127.0.0.1:9000/', key: a}}", True),
    ("targets: {ubill: {key: a}}", False),
    ("accounts: {ubill: {'*': {closed: true}}}", True),
    ("accounts: {ubill: {'*': {closed: 'yes'}}}", False),
    ("accounts: {ubill: {'*': {balance: 5}}}", True),
    ("accounts: {ubill: {'*': {balance: {sms: '5.5'}}}}", True),
    ("accounts: {ubill: {'*': {balance: -5}}}", False),
    ("accounts: {ubill: {'*': {brands: [{id: 1, name: A, state: pending}]}}}", True),
    ("accounts: {ubill: {'*': {brands: [{name: A}]}}}", False),
    ("accounts: {smsbuddy: {'*': {senders: [{id: A}]}}}", True),
    ("accounts: {smsbuddy: {'*': {templates: [{id: 1, text: A}], stop_list: [1, '2']}}}", True),
    ("accounts: {smsbuddy: {'*': {templates: [{id: 1}]}}}", False),
    ("rules: []", True),
    ("rules: {}", False),
    ("rules: [{name: a, when: {}, then: {}}]", True),
    ("rules: [{when: {}}]", False),
    ("rules: [{then: {}, what: 1}]", False),
]
WHENS = [
    ("provider: betatel", True),
    ("operation: '*.send'", True),
    ("account: k1", True),
    ("account: []", False),
    ("to: 387", True),
    ("to: '/7$/'", True),
    ("to: [a]", False),
    ("from: A", True),
    ("text: a", True),
    ("text: 7", True),
    ("text: [7]", False),
    ("to: 38761444555", True),
    ("to: 1.5", False),
    ("to: -5", False),
    ("from: 1.5", True),
    ("account: 1e3", True),
    ("header: {a: b}", True),
    ("header: a", False),
    ("otp: true", True),
    ("otp: 'yes'", False),
    ("every: 3", True),
    ("every: 0", False),
    ("first: 2", True),
    ("first: 1.5", False),
    ("nth: [2, 5]", True),
    ("nth: []", False),
    ("nth: 2", False),
    ("after: 3", True),
    ("after: -3", False),
    ("every: 2, per: to", True),
    ("every: 2, per: text", False),
    ("between: ['22:00', '06:00', UTC]", True),
    ("between: ['22:00']", False),
    ("during: {from: 2m, to: 5m}", True),
    ("during: {}", False),
    ("during: {from: soon}", False),
    ("chance: 0.01", True),
    ("chance: 0", False),
    ("chance: 2", False),
    ("state: start", True),
    ("state: 7", False),
    ("valid: any", True),
    ("valid: none", False),
    ("vaild: any", False),
]
THENS = [
    ("error: 500", True),
    ("error: server-error", True),
    ("error: [500]", False),
    ("reply: {status: 503, headers: {A: b, C: 1}, body: {a: 1}}", True),
    ("reply: {}", False),
    ("reply: {status: 99}", False),
    ("after: 300ms", True),
    ("after: 0.5", True),
    ("after: soon", False),
    ("after: {uniform: [1s, 2s]}", True),
    ("after: {uniform: [1s]}", False),
    ("after: {normal: [2s, 500ms]}", True),
    ("after: {lognormal: [2s, 0.5]}", True),
    ("after: {lognormal: [2s, 5]}", False),
    ("after: {percentiles: {50: 1s, 95: 8s}}", True),
    ("after: {percentiles: {}}", False),
    ("after: {uniform: [1s, 2s], normal: [1s, 1s]}", False),
    ("fault: hang", True),
    ("fault: bang", False),
    ("fault: hang, accepted: true", True),
    ("fault: hang, accepted: 1", False),
    ("lifecycle: []", True),
    ("lifecycle: [sent: 1s, delivered: {uniform: [1s, 2s]}]", True),
    ("lifecycle: [snet: 1s]", False),
    ("lifecycle: [sent: 1m30s, delivered: 1h30m]", True),
    ("lifecycle: [sent: 1m30]", False),
    ("lifecycle: [{sent: 1s, delivered: 2s}]", False),
    ("lifecycle: [delivered: 1s], illegal: true", True),
    ("lifecycle: [sent: 1s], illegal: 1", False),
    ("inbound: {text: 'Yes', after: 2s}", True),
    ("inbound: {text: 1, after: {uniform: [1s, 2s]}}", True),
    ("inbound: {text: ''}", False),
    ("inbound: {after: 2s}", False),
    ("inbound: 'Yes'", False),
    ("lifecycle_from: reply", True),
    ("lifecycle_from: callbacks", False),
    ("opted_out: true", True),
    ("opted_out: 1", False),
    ("outcomes: [{weight: 1, after: 1s}]", True),
    ("outcomes: [{weight: 0, after: 1s}]", False),
    ("outcomes: [{after: 1s}]", False),
    ("outcomes: []", False),
    ("callbacks: {delay: 30s, copies: 2, drop: all, hold: true, key: a, timeout: 1s, retries: [5s, 1m]}", True),
    ("callbacks: {drop: [sent], order: reverse}", True),
    ("callbacks: {drop: first, order: shuffle}", True),
    ("callbacks: {strict: true}", True),
    ("callbacks: {copies: 0}", False),
    ("callbacks: {drop: none}", False),
    ("callbacks: {order: random}", False),
    ("callbacks: {hold: 1}", False),
    ("callbacks: {key: ''}", False),
    ("callbacks: {timeout: x}", False),
    ("callbacks: {retries: 5s}", False),
    ("callbacks: {strict: 1}", False),
    ("set: {state: down}", True),
    ("set: {}", False),
    ("rate: {limit: 1, per: 1s, error: 500, by: workspace}", True),
    ("rate: {limit: 1, per: 1s}", False),
    ("rate: {limit: 0, per: 1s, error: 500}", False),
    ("rate: {limit: 1, per: 1s, error: 500, by: key}", False),
    ("eror: 500", False),
]
CASES = [
    *DOCUMENTS,
    *((f"rules: [{{when: {{{when}}}, then: {{after: 1s}}}}]", good) for when, good in WHENS),
    *((f"rules: [{{then: {{{does}}}}}]", good) for does, good in THENS),
]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", KEYS)
def test_schema_and_loader_know_the_same_keys(name: str) -> None:
    schema, keys = KEYS[name]

    assert (sorted(schema["properties"]), schema["additionalProperties"]) == (sorted(keys), False)


@pytest.mark.parametrize("name", WORDS)
def test_schema_and_loader_know_the_same_words(name: str) -> None:
    words, known = WORDS[name]

    assert sorted(words) == sorted(map(str, known))


def test_every_key_has_a_text_for_those_who_point_at_it() -> None:
    silent = [
        f"{name}.{key}"
        for name, (schema, _) in KEYS.items()
        for key, value in schema["properties"].items()
        if "description" not in value and "description" not in DEFS.get(str(value.get("$ref")).rpartition("/")[2], {})
    ]

    assert silent == []


@pytest.mark.parametrize(("text", "good"), CASES)
def test_schema_and_loader_agree_on_a_document(text: str, good: bool) -> None:  # noqa: FBT001 - a case
    assert (VALIDATOR.is_valid(yaml.safe_load(json_keys(text))), not mistakes(text)) == (good, good)


def json_keys(text: str) -> str:
    """Return a YAML text whose percentiles have keys that JSON could have."""
    return text.replace("{50: 1s, 95: 8s}", "{'50': 1s, '95': 8s}")


@pytest.mark.parametrize("name", sorted(scenario_paths()))
def test_the_shipped_scenarios_fit_the_schema(name: str) -> None:
    document = yaml.safe_load(json_keys(read_text(scenario_paths()[name])))
    percentiles = json.loads(json.dumps(document))  # keys of percentiles as JSON has them

    assert [error.message for error in VALIDATOR.iter_errors(percentiles)] == []


def test_every_key_is_among_the_documents() -> None:
    words = " ".join(text for text, good in CASES if good)
    missing = [f"{name}.{key}" for name, (_, keys) in KEYS.items() for key in keys if f"{key}:" not in words]

    assert missing == []
