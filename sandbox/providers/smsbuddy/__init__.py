"""SMS Buddy: flat and JSON sends, one-time codes, sender ids, balances by type, GET reports to a send's `dlr_url`.

Quirks: the code of a reply stands in its body as a string; a GET of a send or of a code with an `id` and no `to` asks
for its result; ten digits become an Indian number; promotional SMS are refused at night; a wrong try at a code counts.
"""

from sandbox.providers.base import Provider
from sandbox.providers.smsbuddy.account import balance, create_sender
from sandbox.providers.smsbuddy.codes import create, verify
from sandbox.providers.smsbuddy.codes import result as code_result
from sandbox.providers.smsbuddy.gate import dress, gate, key
from sandbox.providers.smsbuddy.reports import report, target
from sandbox.providers.smsbuddy.results import result
from sandbox.providers.smsbuddy.sending import send, send_json

PROVIDER = Provider(
    name="smsbuddy",
    operations={
        "smsbuddy.balance": balance,
        "smsbuddy.sms.send": send,
        "smsbuddy.sms.send_json": send_json,
        "smsbuddy.sms.result": result,
        "smsbuddy.otp.create": create,
        "smsbuddy.otp.verify": verify,
        "smsbuddy.otp.result": code_result,
        "smsbuddy.senderid.create": create_sender,
    },
    key=key,
    gate=gate,
    report=report,
    target=target,
    dress=dress,
)
