"""A mistake in a spec stops the start with one clear line."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.core.errors import SpecError
from sandbox.formats.yaml_files import shipped
from sandbox.providers import ubill
from sandbox.providers.registry import discover
from sandbox.specs.body_parsing import READERS
from sandbox.specs.document_check import check_document
from tests.specs.documents import PROVIDERS, Node, raw, resolved
from tests.specs.function_provider import DOCUMENT, MODULE

Spoil = Callable[[Node], object]


def spoiled(tmp_path: Path, spoil: Spoil, *, provider: str = "betatel") -> Path:
    """Write a spec with something wrong in it to a folder of its own."""
    document = copy.deepcopy(raw(provider))
    spoil(document)
    (tmp_path / "spoiled.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return tmp_path


SEND = "/api/smpp/client/send"
CIRCLE = "refers to itself, but it must end; write {} where it comes back to itself"


def unplaced(error: SpecError) -> str:
    """Return the text of an error without the places at the beginning of its lines."""
    return "\n".join(re.sub(r"^.*?spoiled\.yaml:\d+:\d+: ", "", line) for line in str(error).split("\n"))


MISTAKES: Mapping[str, tuple[Spoil, str]] = {
    "an operation without a behaviour": (
        lambda d: d["paths"][SEND]["post"].pop("x-sandbox"),
        (
            f"POST {SEND}: betatel.sms.send does not say what it does; add x-sandbox with send, message, messages, "
            "balance, code.check or reply"
        ),
    ),
    "no x-sandbox": (lambda d: d.pop("x-sandbox"), "this is not an OpenAPI document with a mapping x-sandbox"),
    "no channels": (
        lambda d: d["x-sandbox"].pop("channels"),
        (
            "x-sandbox.channels: is missing; write at least one, such as sms: {life: [sent: 200ms], statuses: {queued: "
            "{says: queued, next: [sent]}, …}}"
        ),
    ),
    "no operation name": (
        lambda d: d["paths"][SEND]["post"].pop("x-operation"),
        f"POST {SEND}: x-operation: is missing; write what the operation is called, such as betatel.send",
    ),
    "no such channel": (
        lambda d: d["paths"][SEND]["post"].update({"x-channel": "fax"}),
        f"POST {SEND}: x-channel: unknown channel 'fax'. Available: connect-sms, sms, whatsapp.",
    ),
    "a misspelt key of OpenAPI": (
        lambda d: d.update({"securty": d.pop("security")}),
        "securty: unknown key 'securty'. Did you mean 'security'?",
    ),
    "a misspelt key of an operation": (
        lambda d: d["paths"][SEND]["post"].update({"responces": {}}),
        f"POST {SEND}: responces: unknown key 'responces'. Did you mean 'responses'?",
    ),
    "a report of the first status": (
        lambda d: d["x-sandbox"]["channels"]["sms"]["statuses"]["queued"].update({"reported": True}),
        (
            "x-sandbox.channels.sms.statuses.queued.reported: every message is queued when the reply tells it, so no "
            "callback reports that; leave it out"
        ),
    ),
    "a status that is none of ours": (
        lambda d: d["x-sandbox"]["channels"]["sms"]["statuses"].update({"deliverd": {"says": "x"}}),
        "x-sandbox.channels.sms.statuses.deliverd: unknown status 'deliverd'. Did you mean 'delivered'?",
    ),
    "a life with no duration": (
        lambda d: d["x-sandbox"]["channels"]["sms"].update({"life": [{"sent": "soon"}]}),
        (
            "x-sandbox.channels.sms.life.0.sent: 'soon' is not a duration; write 200ms, 5s, 2m, 1h30m, 1d or a "
            "number of seconds"
        ),
    ),
    "a reference that leads nowhere": (
        lambda d: d["paths"][SEND]["post"]["responses"].update({"400": {"$ref": "#/components/responses/Nil"}}),
        "#/components/responses/Nil does not exist",
    ),
    "a reference that leads back to itself": (
        lambda d: d["components"]["schemas"].update({"Sms": {"$ref": "#/components/schemas/Sms"}}),
        "\n".join([f"#/components/schemas/Sms {CIRCLE}"] * 3),  # wherever it is used
    ),
    "a body that cannot be read": (
        lambda d: d["paths"][SEND]["post"]["requestBody"]["content"].update({"text/csv": {"schema": {}}}),
        (
            f"POST {SEND}: requestBody.content.text/csv: bodies of type text/csv are not supported; use "
            f"{' or '.join(READERS)}"
        ),
    ),
    "a schema that is none": (
        lambda d: d["components"]["schemas"]["Sms"]["properties"]["to"].update({"type": "text"}),
        (
            f"POST {SEND}: requestBody.content.application/json.schema.properties.to.type: unknown type 'text'. "
            "Available: array, boolean, integer, null, number, object, string."
        ),
    ),
    "a module that is not there": (
        lambda d: d["x-sandbox"].update({"module": "sandbox.providers.nobody"}),
        "x-sandbox.module: sandbox.providers.nobody: No module named 'sandbox.providers.nobody'",
    ),
    "a module that is no pack": (
        lambda d: d["x-sandbox"].update({"module": "sandbox.formats.sms_segments"}),
        (
            "x-sandbox.module: sandbox.formats.sms_segments: module 'sandbox.formats.sms_segments' has no attribute "
            "'PROVIDER'"
        ),
    ),
}


@pytest.mark.parametrize(("spoil", "problem"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_spec_stops_the_start_with_a_clear_line(spoil: Spoil, problem: str, tmp_path: Path) -> None:
    folder = spoiled(tmp_path, spoil)
    with pytest.raises(SpecError) as caught:
        discover([folder])

    assert unplaced(caught.value) == problem


def test_a_folder_of_specs_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        discover([tmp_path / "none"])

    assert str(caught.value) == f"{tmp_path / 'none'}: no such folder of specs"


def test_a_file_that_is_no_yaml_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: ['x\n", encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        discover([tmp_path])

    assert str(caught.value) == f"{tmp_path / 'x.yaml'}:2:1: found unexpected end of stream"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "x-sandbox: {brand: 0123}",
            ":1:13: 0123 would be read as 123; put it in quotes, or write it without leading zeros",
        ),
        ("x-sandbox: &own {inside: *own}", ":1:12: nested too deeply, more than 100 levels"),
    ],
)
def test_a_file_that_cannot_be_kept_as_it_is_written_stops_the_start(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        discover([tmp_path])

    assert str(caught.value) == f"{tmp_path / 'x.yaml'}{problem}"


def test_two_specs_of_one_provider_stop_the_start(tmp_path: Path) -> None:
    folder = spoiled(tmp_path, lambda _: None)
    with pytest.raises(SpecError) as caught:
        discover([shipped("specs"), folder])

    assert str(caught.value) == (
        f"{folder / 'spoiled.yaml'}:12:3: x-sandbox.provider: another spec already serves the provider 'betatel'"
    )


def test_a_method_and_path_of_another_provider_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load(DOCUMENT)
    document["x-sandbox"]["module"] = "acme_of_taken_path"
    document["paths"]["/v1/sms/send"] = document["paths"].pop("/acme/messages")
    (tmp_path / "spoiled.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    (tmp_path / "acme_of_taken_path.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SpecError) as caught:
        discover([shipped("specs"), tmp_path])

    problem = "POST /v1/sms/send: the provider 'ubill' already serves this method and path"
    assert re.fullmatch(rf"{re.escape(str(tmp_path / 'spoiled.yaml'))}:\d+:5: {problem}", str(caught.value))


@pytest.mark.parametrize(
    ("spoil", "mistake"),
    [
        (
            lambda d: d["paths"]["/v1/sms/report/{smsID}"]["get"].update({"x-operation": "ubill.sms.state"}),
            (
                "x-sandbox.module: sandbox.providers.ubill has a function for ubill.sms.report, which is not an "
                "x-operation here\n"
                "GET /v1/sms/report/{smsID}: x-operation: ubill.sms.state has no function in sandbox.providers.ubill"
            ),
        ),
        (
            lambda d: d["paths"].pop("/v1/sms/report/{smsID}"),
            (
                "x-sandbox.module: sandbox.providers.ubill has a function for ubill.sms.report, which is not an "
                "x-operation here"
            ),
        ),
    ],
)
def test_operations_and_functions_belong_together(tmp_path: Path, spoil: Spoil, mistake: str) -> None:
    with pytest.raises(SpecError) as caught:
        discover([spoiled(tmp_path, spoil, provider="ubill")])

    assert unplaced(caught.value) == mistake


def test_an_operation_without_a_callable_stops_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = spoiled(tmp_path, lambda _: None, provider="ubill")
    functions: Mapping[str, Any] = {**ubill.PROVIDER.operations, "ubill.sms.report": None}
    monkeypatch.setattr(ubill, "PROVIDER", replace(ubill.PROVIDER, operations=functions))
    with pytest.raises(SpecError) as caught:
        discover([folder])

    problem = "ubill.sms.report is null in sandbox.providers.ubill, not a function"
    assert unplaced(caught.value) == f"GET /v1/sms/report/{{smsID}}: x-operation: {problem}"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_shipped_document_has_no_mistake_although_no_start_looks(provider: str) -> None:
    assert check_document(copy.deepcopy(dict(resolved(provider)))) == []
