"""What the names and words of providers usually mean: tables, from which the importer guesses.

A name is compared in lower case and without anything but letters and digits: `message_id`, `messageId` and `Message-Id`
are one. The order of a row is that of preference.
"""

import re
from collections.abc import Mapping

from sandbox.core.message import Status

NAMES: Mapping[str, tuple[str, ...]] = {
    "recipient": (
        *("to", "recipient", "recipients", "destination", "destinations", "msisdn", "phonenumber", "phonenumbers"),
        *("tonumber", "tophonenumber", "mobilenumber", "mobile", "mobiles", "phone", "phones", "number", "numbers"),
        *("destinationnumber", "destinationaddress", "receiver", "receivers", "dst", "dest", "tel", "gsm", "cellphone"),
        *("destinationnumbers", "recipientnumber", "receivernumber", "subscriber", "contact", "address", "da"),
    ),
    "sender": (
        *("from", "sender", "senderid", "fromnumber", "originator", "sendername", "source", "src", "sourceaddress"),
        *("senderaddress", "fromphonenumber", "sourcenumber", "mask", "brand", "brandname", "callerid", "oa"),
    ),
    "text": (
        *("text", "body", "message", "content", "messagetext", "messagebody", "messagecontent", "textmessage", "msg"),
        *("smstext", "smsbody", "sms", "smsmessage", "txt"),
    ),
    "id": (
        *("messageid", "msgid", "smsid", "messageuuid", "messagesid", "apimessageid", "messageids", "sid", "uuid"),
        *("id", "requestid", "verificationid", "trackingid", "reference", "batchid", "transactionid", "pinid"),
    ),
    "status": (
        *(
            "status",
            "state",
            "messagestatus",
            "deliverystatus",
            "statusname",
            "deliverystate",
            "smsstatus",
            "dlrstatus",
        ),
        *("groupname", "messagestate", "statustext", "event", "eventtype", "type"),
    ),
    "code": ("code", "otp", "pin", "pincode", "otpcode", "passcode", "verificationcode", "token", "password"),
    "callback": (
        *("callback", "callbackurl", "statuscallback", "statuscallbackurl", "webhookurl", "webhook", "notifyurl"),
        *("dlrurl", "dlrcallbackurl", "deliveryreporturl", "deliverycallback", "deliverycallbackurl", "statusurl"),
        *(
            "reporturl",
            "deliveryurl",
            "notificationurl",
            "notificationsurl",
            "statuswebhook",
            "dlr",
            "statuscallbackuri",
        ),
    ),
    "schedule": (
        *(
            "sendat",
            "scheduledat",
            "scheduletime",
            "scheduledtime",
            "scheduledfor",
            "schedule",
            "scheduled",
            "senddate",
        ),
        *("sendtime", "deliverat", "schedulesend", "scheduledelivery", "scheduleddate", "scheduledatetime"),
    ),
    "segments": (
        "segments",
        "numsegments",
        "segmentcount",
        "segmentscount",
        "parts",
        "messageparts",
        "smscount",
        "smsparts",
    ),
    "accepted_at": (
        *(
            "createdat",
            "datecreated",
            "created",
            "createdtime",
            "createtime",
            "acceptedat",
            "submittedat",
            "receivedat",
        ),
        *("timestamp", "time", "date", "datetime", "createddate", "submitdate", "queuedat", "createdtimestamp"),
        *("createtimestamp", "at"),
    ),
    "sent_at": ("sentat", "datesent", "senttime", "sendat", "senton", "sentdate", "senttimestamp"),
    "delivered_at": (
        "deliveredat",
        "donedate",
        "donetime",
        "doneat",
        "deliverytime",
        "deliveredtime",
        "deliverydate",
        "deliveredtimestamp",
    ),
    "updated_at": (
        "updatedat",
        "dateupdated",
        "updated",
        "updatetime",
        "lastupdated",
        "modifiedat",
        "completedat",
        "statustime",
        "occurredat",
        "modified",
    ),
    "scheduled_for": ("scheduledat", "scheduledfor", "scheduletime", "scheduledtime"),
    "balance": (
        "balance",
        "credit",
        "credits",
        "creditbalance",
        "accountbalance",
        "availablebalance",
        "availablecredit",
        "amount",
        "funds",
    ),
    "currency": ("currency", "currencycode", "priceunit", "unit"),
    "total": ("total", "totalcount", "count", "totalresults", "totalitems", "totalrecords", "totalelements"),
    "page": ("page", "pagenumber", "currentpage", "pageindex"),
    "size": ("pagesize", "perpage", "limit", "size", "rowsperpage", "resultsperpage"),
    "pages": ("totalpages", "pages", "lastpage", "numpages", "pagecount"),
}
PARENTS = frozenset(
    {"number", "phonenumber", "address", "value", "id", "endpoint", "identifier", "msisdn", "alias", "phone"}
)
# Words of a code, an account and an error, in the order in which an error is searched for its code.
NO_ERROR = frozenset(
    {"error", "errorcode", "errortext", "errormessage", "errcode", "errordescription", "failurereason"}
)
ERROR_CODES = (
    "code",
    "errorcode",
    "errorid",
    "errcode",
    "statuscode",
    "errornumber",
    "status",
    "error",
    "title",
    "type",
)
KEY_NAMES = (
    "apikey",
    "key",
    "accesskey",
    "authkey",
    "apitoken",
    "token",
    "accountsid",
    "username",
    "user",
    "login",
    "authorization",
)
SECRET_NAMES = ("apisecret", "secret", "secretkey", "password", "authtoken", "apipassword", "pass")

STATUS_WORDS: Mapping[Status, tuple[str, ...]] = {
    Status.SCHEDULED: ("scheduled", "planned", "deferred"),
    Status.QUEUED: (
        *(
            "queued",
            "accepted",
            "pending",
            "submitted",
            "created",
            "received",
            "processing",
            "inqueue",
            "waiting",
            "new",
        ),
        *(
            "buffered",
            "enroute",
            "acceptd",
            "queue",
            "initiated",
            "inprogress",
            "sending",
            "awaitingdlr",
            "ready",
            "ok",
        ),
    ),
    Status.SENT: (
        "sent",
        "dispatched",
        "transmitted",
        "delivering",
        "senttocarrier",
        "carriersent",
        "pushed",
        "handedover",
    ),
    Status.DELIVERED: (
        "delivered",
        "delivrd",
        "deliveredtohandset",
        "deliveredtoterminal",
        "deliveredhandset",
        "received_by_handset",
    ),
    Status.READ: ("read", "seen", "opened", "displayed"),
    Status.UNDELIVERED: (
        *(
            "undelivered",
            "undeliverable",
            "undeliv",
            "deliveryfailed",
            "notdelivered",
            "undeliverd",
            "deliveryunconfirmed",
        ),
        *("deliveryimpossible", "deliveryfailure", "unconfirmed"),
    ),
    Status.FAILED: ("failed", "failure", "error", "sendingfailed", "sendfailed", "sendingerror", "fail", "unsent"),
    Status.EXPIRED: ("expired", "timeout", "deliveryexpired", "ttlexpired"),
    Status.REJECTED: (
        "rejected",
        "rejectd",
        "blocked",
        "denied",
        "refused",
        "unroutable",
        "blacklisted",
        "rejectedbycarrier",
    ),
}
MEANINGS = {word: status for status, words in STATUS_WORDS.items() for word in words}
PREFIX = re.compile(r"^(?:message|sms|msg|status|dlr)[-_. ]?", re.IGNORECASE)


def normal(name: object) -> str:
    """Return a name in the form in which names are compared."""
    return re.sub(r"[^a-z0-9]", "", str(name).lower())


RANKS = {field: {name: place for place, name in enumerate(names)} for field, names in NAMES.items()}


def rank(field: str, name: object) -> int | None:
    """Return how well a name fits a field, 0 for best; None if it does not."""
    return RANKS[field].get(normal(name))


def status_of(word: object) -> Status | None:
    """Return the status that a provider's word usually means, None if it is unknown."""
    if not isinstance(word, str) or len(word) > 40:  # noqa: PLR2004 - no provider's word is longer
        return None
    return MEANINGS.get(normal(word)) or MEANINGS.get(normal(PREFIX.sub("", word)))
