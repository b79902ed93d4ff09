"""A typed client of the control API, blocking and to be awaited.

```python
from sandbox.client import Client

client = Client("http://127.0.0.1:8080")
client.use("carrier-outage")
client.advance("5m")
assert client.verify(to="38761444555", exactly=1)
```
"""

from sandbox.client.async_client import AsyncClient
from sandbox.client.errors import (
    AddressError,
    ArgumentError,
    ClientError,
    Mistake,
    NotFoundError,
    RefusedError,
    StrangerError,
    UnreachableError,
)
from sandbox.client.sync_client import Client
from sandbox.client.values import (
    Account,
    Advance,
    Attempt,
    Callback,
    Clock,
    Event,
    Happening,
    Health,
    Index,
    Message,
    Otp,
    Page,
    Provider,
    Request,
    Scenario,
    ScenarioEntry,
    Target,
    Verdict,
    Workspace,
)

__all__ = [
    "Account",
    "AddressError",
    "Advance",
    "ArgumentError",
    "AsyncClient",
    "Attempt",
    "Callback",
    "Client",
    "ClientError",
    "Clock",
    "Event",
    "Happening",
    "Health",
    "Index",
    "Message",
    "Mistake",
    "NotFoundError",
    "Otp",
    "Page",
    "Provider",
    "RefusedError",
    "Request",
    "Scenario",
    "ScenarioEntry",
    "StrangerError",
    "Target",
    "UnreachableError",
    "Verdict",
    "Workspace",
]
