"""Any value of each kind of entity, hostile texts included."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from sandbox.core.account import Account, Approval, Otp, RateWindow, Sender, Template
from sandbox.core.agenda import AgendaEntry, EntryKind
from sandbox.core.callback import Attempt, Callback, CallbackState, Outgoing, Target, TargetOrigin
from sandbox.core.clock import ClockConfig, ClockMode
from sandbox.core.journal import LostReply, RequestRecord, SentText
from sandbox.core.lifecycle import make_steps
from sandbox.core.message import DEFAULT_POLICY, CallbackOrder, CallbackPolicy, Message, PhoneReply, Status, Step
from sandbox.core.rules import RuleCounted
from sandbox.core.seeded_random import Fixed, Lognormal, Normal, Percentiles, Uniform
from sandbox.core.trace import TraceContext
from sandbox.core.world_state import Counters
from tests.builders import packs

# Everything that JSON in a request can contain: lone surrogates and NUL too.
TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
MAYBE_TEXT = st.none() | TEXT
NUMBER = st.integers(1, 10**12)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
TIME = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001 - the zone is drawn
SPAN = st.timedeltas(timedelta(0), timedelta(days=3650))
SOME = st.floats(0, 1000, allow_nan=False)
PAIRS = st.dictionaries(TEXT, TEXT, max_size=3)

STEP = st.builds(Step, st.sampled_from(Status), TEXT, TIME)
DISTRIBUTION = (
    st.builds(Fixed, SPAN)
    | st.builds(Uniform, SPAN, SPAN)
    | st.builds(Normal, SPAN, SPAN)
    | st.builds(Lognormal, SPAN, SOME)
    | st.builds(Percentiles, st.tuples(SOME, SOME), st.tuples(SPAN, SPAN))
)
POLICY = st.just(DEFAULT_POLICY) | st.builds(
    CallbackPolicy,
    timeout=st.none() | SPAN,
    retries=st.none() | st.lists(SPAN, max_size=3).map(tuple),
    collect_only=st.booleans(),
    delay=DISTRIBUTION,
    copies=st.integers(1, 5),
    lost=st.frozensets(st.sampled_from(Status), max_size=3),
    first_lost=st.booleans(),
    order=st.none() | st.sampled_from(CallbackOrder),
    held=st.booleans(),
    key=MAYBE_TEXT,
    strict=st.booleans(),
)
TRACE = st.builds(
    TraceContext,
    st.integers(1, 2**128 - 1).map("{:032x}".format),
    st.integers(1, 2**64 - 1).map("{:016x}".format),
    st.integers(0, 255),
    st.none() | st.sampled_from(["congo=t61rcWkgMzE", "rojo=1, congo=2"]),
)
CHANNELS = st.sampled_from([(name, each) for name, pack in packs().items() for each in pack.spec.channels.values()])
PROVIDERS = st.sampled_from(sorted(packs()))
MESSAGE = st.builds(
    lambda home, history, plan, **fields: Message(
        provider=home[0],
        channel=home[1],
        accepted_at=history[0].at,
        steps=make_steps((*history, *plan), accepted_at=history[0].at),
        reached=len(history),
        **fields,
    ),
    home=CHANNELS,
    id=TEXT,
    number=NUMBER,
    request=NUMBER,
    operation=TEXT,
    account=TEXT,
    sender=MAYBE_TEXT,
    recipient=TEXT,
    text=TEXT,
    history=st.lists(STEP, min_size=1, max_size=3).map(tuple),
    plan=st.lists(STEP, max_size=2).map(tuple),
    callbacks=st.lists(NUMBER, max_size=3).map(tuple),
    code=MAYBE_TEXT.map(lambda code: code or None),
    reply=st.none() | st.builds(PhoneReply, TEXT, SPAN),
    scheduled_for=st.none() | TIME,
    rule=MAYBE_TEXT.map(lambda rule: rule or None),
    rank=st.integers(-5, 5),
    callback_policy=POLICY,
    data=st.none() | st.dictionaries(TEXT, TEXT, min_size=1, max_size=2),
    trace=st.none() | TRACE,
)
OUTGOING = st.builds(Outgoing, TEXT, TEXT, PAIRS, TEXT)
ATTEMPT = st.builds(
    Attempt, NUMBER, TIME, st.none() | st.integers(100, 599), TEXT, SOME, MAYBE_TEXT, st.booleans(), TEXT, st.booleans()
)
CALLBACK = st.builds(
    Callback,
    id=NUMBER,
    message=NUMBER,
    provider=PROVIDERS,
    step=STEP,
    due=TIME,
    state=st.sampled_from(CallbackState),
    request=st.none() | OUTGOING,
    attempts=st.lists(ATTEMPT, max_size=2).map(tuple),
    settings=st.none(),
)
SENDER = st.builds(Sender, TEXT, TEXT, st.sampled_from(Approval), TIME, st.none() | TIME)
ACCOUNT = st.builds(
    Account,
    TEXT,
    TEXT,
    st.dictionaries(TEXT, st.decimals(allow_nan=False, allow_infinity=False), max_size=3),
    st.lists(SENDER, max_size=2).map(tuple),
    st.lists(st.builds(Template, TEXT, TEXT), max_size=2).map(tuple),
    st.frozensets(TEXT, max_size=3),
)
REQUEST = st.builds(
    RequestRecord,
    id=NUMBER,
    at=TIME,
    provider=MAYBE_TEXT,
    operation=MAYBE_TEXT,
    method=TEXT,
    path=TEXT,
    query=TEXT,
    headers=PAIRS,
    body=st.binary(max_size=20),
    body_size=NUMBER,
    status=st.integers(0, 599),
    reply_headers=PAIRS,
    reply_body=st.binary(max_size=20),
    refused=st.booleans(),
    key=MAYBE_TEXT,
    why=st.lists(TEXT, max_size=2).map(tuple),
    rule=MAYBE_TEXT.map(lambda rule: rule or None),
    messages=st.lists(TEXT, max_size=2).map(tuple),
    ms=SOME,
    resent_of=st.none() | NUMBER,
    delay=SOME,
)
CODE = st.builds(Otp, TEXT, TEXT, TEXT, TEXT, TIME, NUMBER, st.integers(0, 9), st.booleans())
RATE_WINDOW = st.builds(RateWindow, TEXT, TIME, NUMBER)
RULE_COUNT = st.builds(RuleCounted, TEXT, NUMBER)
LOST_REPLY = st.builds(
    LostReply, TIME, NUMBER, st.lists(st.builds(SentText, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple)
)
ENTRY = st.builds(AgendaEntry, TIME, st.just(EntryKind.CALLBACK), st.integers(-5, 5), NUMBER)
PHONE_REPLY = ENTRY.map(lambda entry: entry._replace(kind=EntryKind.INBOUND))
TARGET = st.tuples(TEXT, st.builds(Target, TEXT, MAYBE_TEXT, st.sampled_from(TargetOrigin)))
CLOCK_CONFIG = st.none() | st.builds(ClockConfig, st.sampled_from(ClockMode), SOME, st.none() | TIME)
COUNTERS = st.builds(
    Counters,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    NUMBER,
    st.dictionaries(st.sampled_from(["messages", "callbacks", "requests"]), NUMBER),
    NUMBER,
    TEXT,
    TIME,
    NUMBER,
    TIME,
)
