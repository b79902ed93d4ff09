"""A typed client of the control API, blocking (`Client`) or for asyncio (`AsyncClient`).

```python
from sandbox.client import Client

client = Client("http://127.0.0.1:8080")
client.use("carrier-outage")
client.advance("5m")
assert client.verify(to="38761444555", exactly=1)
```

`traffic`, `server` and `files` turn arguments into calls, `codec` encodes and decodes them, `call` knows how a call
reaches a server, `values` has the results, and `tables` formats them for people. The package imports `sandbox.core`
alone, and aiohttp only once an `AsyncClient` sends.
"""

from sandbox.client.behaviour_values import (
    Advance,
    AdvanceItem,
    Agenda,
    AgendaItem,
    Clock,
    Scenario,
    ScenarioCheck,
    ScenarioEntry,
)
from sandbox.client.clients import AsyncClient, Client
from sandbox.client.codec import Page
from sandbox.client.errors import (
    AddressError,
    ArgumentError,
    ClientError,
    Mistake,
    NotFoundError,
    RefusedError,
    UnexpectedResponseError,
    UnreachableError,
)
from sandbox.client.overview_values import Overview
from sandbox.client.server_values import Health, Replica, StoreHealth
from sandbox.client.values import (
    Account,
    Attempt,
    Callback,
    Event,
    Index,
    Message,
    Otp,
    Provider,
    Request,
    Target,
    Trace,
    Verdict,
    Workspace,
)

__all__ = [
    "Account",
    "AddressError",
    "Advance",
    "AdvanceItem",
    "Agenda",
    "AgendaItem",
    "ArgumentError",
    "AsyncClient",
    "Attempt",
    "Callback",
    "Client",
    "ClientError",
    "Clock",
    "Event",
    "Health",
    "Index",
    "Message",
    "Mistake",
    "NotFoundError",
    "Otp",
    "Overview",
    "Page",
    "Provider",
    "RefusedError",
    "Replica",
    "Request",
    "Scenario",
    "ScenarioCheck",
    "ScenarioEntry",
    "StoreHealth",
    "Target",
    "Trace",
    "UnexpectedResponseError",
    "UnreachableError",
    "Verdict",
    "Workspace",
]
