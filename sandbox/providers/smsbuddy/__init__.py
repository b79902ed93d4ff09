"""SMS Buddy: flat and JSON sends, one-time codes, sender ids, balances by type, GET reports to a send's `dlr_url`.

Quirks: the code of a reply stands in its body as a string; a GET of a send or of a code with an `id` and no `to` asks
for its result; ten digits become an Indian number; promotional SMS are refused at night; a wrong try at a code counts.
"""

from sandbox.providers.base import Provider
from sandbox.providers.smsbuddy.account import balance, create_sender
from sandbox.providers.smsbuddy.authenticate import authenticate, key, render_error
from sandbox.providers.smsbuddy.delivery_reports import report, target
from sandbox.providers.smsbuddy.one_time_codes import create, verify
from sandbox.providers.smsbuddy.one_time_codes import result as code_result
from sandbox.providers.smsbuddy.send import send, send_json
from sandbox.providers.smsbuddy.send_results import result

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
    authenticate=authenticate,
    report=report,
    target=target,
    render_error=render_error,
)
