"""Everything that the functions of a provider of your own import.

A provider is an OpenAPI document whose operations name behaviours. What none of them does can be a function: the
document names a module under `x-sandbox.module`, whose `PROVIDER` maps operations to functions from a `World` and a
`Call` to an `Outcome`:

- `Reply`: the operation only reads;
- `Refusal`: an error of the document, by name, with the reasons;
- `Plan`: the reply, the messages to send (`Draft`), and other values to store, such as a charged `Account`.

Functions change nothing themselves: a plan is committed after the scenario's rules have been applied. Random values
come from `Call.draw` and `draw_text`, the time is `Call.at`; so the same seed gives the same bytes.

- Values: `Account`, `Approval`, `Channel`, `Lifecycle`, `LifecycleStep`, `Message`, `Otp`, `RateWindow`, `Sender`,
  `Status`.
- Callbacks: `report` returns an `Outgoing` for a `Report`; `Target` and `TargetOrigin` say where it goes.
- Errors: `render_error` makes the reply of a `Refusal` from an `ErrorReply` of the document; each `Violation` is one
  way in which a request breaks its schema.
- Functions: `spend` charges a balance, `check_code` checks a one-time code, `skip_first_delay` makes a message urgent,
  `segment` counts SMS, `is_possible` checks a phone number; `encode_json`, `format_time`, `parse_duration`,
  `make_ulid`.
"""

from sandbox.core.account import Account, Approval, CheckResult, Otp, RateWindow, Sender, check_code, spend
from sandbox.core.callback import Outgoing, Target, TargetOrigin
from sandbox.core.clock import format_time, parse_duration
from sandbox.core.lifecycle import skip_first_delay
from sandbox.core.message import Channel, Draft, Lifecycle, LifecycleStep, Message, Status
from sandbox.core.seeded_random import draw_text, make_ulid
from sandbox.core.world import World
from sandbox.formats.json_text import encode_json
from sandbox.formats.phone_numbers import is_possible
from sandbox.formats.sms_segments import segment
from sandbox.providers.base import (
    Body,
    Call,
    ErrorReply,
    Outcome,
    Plan,
    Provider,
    Refusal,
    Reply,
    Report,
    Violation,
    render_error,
)

__all__ = [
    "Account",
    "Approval",
    "Body",
    "Call",
    "Channel",
    "CheckResult",
    "Draft",
    "ErrorReply",
    "Lifecycle",
    "LifecycleStep",
    "Message",
    "Otp",
    "Outcome",
    "Outgoing",
    "Plan",
    "Provider",
    "RateWindow",
    "Refusal",
    "Reply",
    "Report",
    "Sender",
    "Status",
    "Target",
    "TargetOrigin",
    "Violation",
    "World",
    "check_code",
    "draw_text",
    "encode_json",
    "format_time",
    "is_possible",
    "make_ulid",
    "parse_duration",
    "render_error",
    "segment",
    "skip_first_delay",
    "spend",
]
