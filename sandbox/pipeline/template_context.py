"""What the templates of a scenario's reply see, as plain values."""

from collections.abc import Mapping

from sandbox.core.effects import TemplateContext
from sandbox.core.message import Draft, Status
from sandbox.pipeline.read import Arrival, Visit
from sandbox.providers.base import Call
from sandbox.specs.body_parsing import UnreadableError, gather, pairs


def make_template_context(visit: Visit, draft: Draft | None) -> TemplateContext:
    """Return what a reply is written from; `draft` is the message that the rule was met by."""
    world, arrival, call = visit
    return TemplateContext(
        seed=call.seed,
        number=world.last_request + 1,
        at=call.at,
        request=_request(arrival),
        message=_message(draft, arrival, call) if draft else None,
        account=_account(call),
    )


def _request(arrival: Arrival) -> Mapping[str, object]:
    request, route = arrival.request, arrival.route
    try:
        query = gather(pairs(request.query))
    except UnreadableError:
        query = {}
    body = {name: value for name, value in arrival.reading.values.items() if name not in route.header_names}
    return {
        "method": request.method,
        "path": request.path,
        "query": query,
        "headers": dict(request.headers),
        "body": body,
    }


def _message(draft: Draft, arrival: Arrival, call: Call) -> Mapping[str, object]:
    return {
        "id": draft.id,
        "provider": arrival.pack.spec.name,
        "operation": call.operation,
        "channel": draft.channel.name,
        "from": draft.sender,
        "to": draft.recipient,
        "text": draft.text,
        "code": draft.code,
        "status": Status.QUEUED.value,
        "provider_status": draft.channel.words[Status.QUEUED],
    }


def _account(call: Call) -> Mapping[str, object] | None:
    account = call.account
    if account is None:
        return None
    balance = {purse: str(amount) for purse, amount in account.balance.items()}
    senders = [{"id": sender.id, "name": sender.name} for sender in account.senders]
    return {"provider": account.provider, "key": account.key, "balance": balance, "senders": senders}
