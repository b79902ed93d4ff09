"""Each path of SMS Buddy answers with a slash at its end too, as public client code posts to it."""

from sandbox.control.system import describe_provider
from tests.builders import packs
from tests.servers import SMSBUDDY_SMS, Sandbox


def test_each_path_stands_with_a_slash_too_and_says_whose_word_that_is() -> None:
    paths = packs()["smsbuddy"].spec.document["paths"]
    slashed = {path: item for path, item in paths.items() if path.endswith("/")}
    words = {(node["x-word"], node["x-source"]) for item in slashed.values() for node in item.values()}

    assert ({path.rstrip("/") for path in slashed}, words) == (
        {path for path in paths if not path.endswith("/")},
        {("published", "public client code posts to /api/v1/sms/send/")},
    )


def test_every_call_has_an_id_of_its_own() -> None:
    operations = describe_provider(packs()["smsbuddy"].spec)["operations"]
    assert isinstance(operations, list)
    ids = [call["id"] for each in operations for call in each["calls"]]

    assert len(ids) == len(set(ids))


async def test_a_send_with_a_slash_is_the_same_send(sandbox: Sandbox) -> None:
    reply = await sandbox.client.post("/api/v1/sms/send/", data=SMSBUDDY_SMS.body)

    assert (reply.status, [each.operation for each in sandbox.world.messages.values()]) == (200, ["smsbuddy.sms.send"])


async def test_other_providers_take_no_slash(sandbox: Sandbox) -> None:
    statuses = [(await sandbox.client.post(path)).status for path in ("/api/smpp/client/send/", "/v1/sms/send/")]

    assert statuses == [404, 404]
