"""What became of a request: the report that is asked for, and the callbacks that come by themselves."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox.core.callback import Outgoing
from sandbox.core.world import World
from sandbox.providers.base import Call, Outcome, Refusal, Report
from sandbox.providers.ubill.ids import rows, sms_id_of
from sandbox.providers.ubill.responses import SUCCESS, answered, local, shown

EVENT = "sms.delivery.updated"
KEY_LENGTH = 30  # characters of the callback key that are sent


def report(world: World, call: Call) -> Outcome:
    """Answer the present status of every number of one request, in order."""
    sms_id = call.text("smsID")
    found = [message for message in rows(world, sms_id) if message.account == call.owner.key]
    if not found:
        return Refusal("not-found", (f"path.smsID: this account has sent nothing under the id {shown(sms_id)}",))
    result = [{"number": message.recipient, "statusID": message.provider_status} for message in found]
    return answered(call, {"statusID": 0, "message": SUCCESS, "result": result})


def callback(change: Report) -> Outgoing:
    """Write the callback of a status change: a GET that carries everything in its query."""
    message, step, target = change.message, change.step, change.target
    key = (target and target.key) or str(change.settings["callback_key"])
    news = {
        "event": EVENT,
        "key": key[:KEY_LENGTH],
        "smsID": sms_id_of(message),
        "number": message.recipient,
        "statusID": step.word,
        "date": local(step.at, change.settings),
    }
    parts = urlsplit(target.url if target else "")
    query = "&".join(filter(None, (parts.query, urlencode(news))))
    return Outgoing("GET", urlunsplit(parts._replace(query=query, fragment="")), {})
