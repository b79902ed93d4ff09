"""What an unknown key of a scenario was probably meant to be: words that others use for the keys of the language."""

from collections.abc import Iterable, Mapping

from sandbox.core.errors import near_miss

# By mapping: the key, and other words for it. Words that are similar to a key in their letters need no row.
OTHER_WORDS: Mapping[str, Mapping[str, str]] = {
    "a scenario": {
        "rules": "scenarios steps stubs mappings",
        "extends": "include includes inherit inherits parent base",
        "targets": "callbacks urls webhooks receivers",
        "clock": "time",
        "seed": "random",
    },
    "a rule": {"when": "if match request conditions", "then": "do action actions response reply", "name": "title id"},
    "when": {
        "to": "recipient recipients number numbers phone phone_number mobile msisdn destination",
        "from": "sender source sender_id brand",
        "text": "message body content",
        "account": "key keys api_key apikey credential",
        "chance": "probability percent random",
        "between": "time hours time_of_day",
        "otp": "code",
        "operation": "method path url endpoint",
        "nth": "times number_of",
    },
    "then": {
        "after": "delay wait latency",
        "reply: {status: …}": "status http_status status_code",
        "reply: {body: …}": "body json",
        "reply: {headers: …}": "header headers",
        "reply": "response answer",
        "lifecycle": "life history statuses",
        "inbound": "answers replies incoming mo",
        "opted_out": "optout opt_out stopped unsubscribed",
        "callbacks: {drop: …}": "drop lose",
        "callbacks: {copies: …}": "copies duplicate duplicates",
        "callbacks: {hold: …}": "hold",
        "callbacks: {retries: …}": "retries retry",
        "callbacks: {order: …}": "order",
        "set: {state: …}": "state",
        "rate: {limit: …}": "limit rate_limit",
        "fault: hang": "timeout",
    },
    "callbacks": {
        "delay": "after wait latency",
        "copies": "duplicate duplicates times count repeat",
        "drop": "lose lost skip ignore",
        "retries": "retry ladder backoff",
        "key": "secret token",
    },
    "a target": {"url": "uri address href to", "key": "secret token"},
    "reply": {"status": "code http_status status_code", "body": "json text content"},
    "an account": {
        "balance": "credit credits amount",
        "closed": "blocked disabled",
        "stop_list": "blacklist dnd blocklist",
    },
}


def suggestion(what: str, key: str, known: Iterable[str]) -> str:
    """Return the words that follow the mistake of an unknown key: what was probably meant, else every known key."""
    word = key.lower().replace("-", "_").replace(" ", "_")
    meant = next((name for name, others in OTHER_WORDS.get(what, {}).items() if word in others.split()), None)
    return near_miss(key, known) if meant is None else f" Did you mean '{meant}'?"
