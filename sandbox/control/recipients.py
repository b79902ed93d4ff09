"""The recipients of a request in the journal: of its messages, or those that a refused request names."""

from collections.abc import Iterator

from sandbox.core.journal import RequestRecord
from sandbox.core.world import World
from sandbox.specs.body_parsing import Request
from sandbox.specs.routing import Found, Router

SHOWN = 20  # recipients of a request that are shown
NO_ROUTES = Router(())


def recipients_of(record: RequestRecord, world: World, router: Router) -> Iterator[str]:
    """Yield the recipients of a request, of which there may be thousands; not those of messages no longer stored.

    A refused request has no messages; it is read again, as the journal keeps what was sent and not what it meant.
    """
    if record.messages:
        return (message.recipient for message in map(world.message, record.messages) if message is not None)
    found = router.find(record.method, record.path)
    if not record.refused or not isinstance(found, Found) or found.route.operation.channel is None:
        return iter(())
    reading = found.route.read(_request(record), found.path_values)
    named = (each.recipient for each in found.route.operation.message.messages(reading.values))
    return iter(dict.fromkeys(filter(None, named)))


def _request(record: RequestRecord) -> Request:
    headers = {name.lower(): value for name, value in record.headers.items()}
    return Request(record.method, record.path, record.query, headers, record.body)
