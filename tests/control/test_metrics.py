from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from tests.control.calls import Control
from tests.servers import BETATEL_SMS, Receiver, Sandbox, says


async def samples(control: Control) -> dict[str, float]:
    """Return our own samples, each with its labels in order of their names."""
    text = (await control.get("/metrics"))["text"]
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("sandbox_") and not sample.name.endswith("_created")
    }


async def test_requests_messages_and_callbacks_are_counted(
    sandbox: Sandbox, control: Control, receiver: Receiver
) -> None:
    receiver.answers.extend([says(200), says(500), says(500), says(500), says(500)])
    sandbox.set_target("betatel", receiver.url())
    await sandbox.send()
    await sandbox.send(BETATEL_SMS.with_values(to="x"))
    await sandbox.client.get("/nowhere")
    await sandbox.advance(timedelta(hours=1))
    found = await samples(control)
    wanted = {
        "sandbox_requests_total betatel.sms.send 200": 1.0,
        "sandbox_requests_total betatel.sms.send 400": 1.0,
        "sandbox_requests_total none 404": 1.0,
        "sandbox_messages_total betatel.sms.send queued": 1.0,
        "sandbox_messages_total betatel.sms.send sent": 1.0,
        "sandbox_messages_total betatel.sms.send delivered": 1.0,
        "sandbox_callbacks_total delivered betatel": 1.0,
        "sandbox_callbacks_total failed betatel": 1.0,
        "sandbox_callback_lateness_seconds_bucket 0.001": 2.0,
        "sandbox_callback_lateness_seconds_count": 2.0,
        "sandbox_callback_lateness_seconds_sum": 0.0,
        "sandbox_stored messages": 1.0,
        "sandbox_stored callbacks": 2.0,
        "sandbox_stored requests": 3.0,
        "sandbox_stored accounts": 1.0,
        "sandbox_pending": 0.0,
        "sandbox_workspaces": 1.0,
    }

    assert {name: found.get(name) for name in wanted} == wanted


async def test_all_workspaces_count_together(sandbox: Sandbox, control: Control) -> None:
    keys = (await control.post("/workspaces", {"clock": {"mode": "frozen"}}))["keys"]
    await sandbox.send()
    await sandbox.send(x_api_key=keys["betatel"]["x-api-key"])
    found = await samples(control)

    assert (
        found["sandbox_requests_total betatel.sms.send 200"],
        found["sandbox_pending"],
        found["sandbox_workspaces"],
    ) == (
        2.0,
        2.0,
        2.0,
    )


async def test_no_label_grows_with_what_clients_send(sandbox: Sandbox, control: Control) -> None:
    await sandbox.client.get("/first/nowhere")
    before = len(await samples(control))
    for number in range(20):
        await sandbox.client.get(f"/{number}/nowhere")

    assert len(await samples(control)) == before
