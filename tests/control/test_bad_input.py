import io

import pytest

from tests.control.calls import Control, operations

CALLS = sorted(
    (method, path.replace("{provider}", "ubill").replace("{key}", "k1").replace("{id}", "1"))
    for method, path in operations()
)


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_an_unknown_query_parameter_is_named_at_every_call(control: Control, method: str, path: str) -> None:
    answered = await control.call(method, path, query={"nonsense": "1"})

    assert (
        answered.status,
        [at for at, words in answered.errors if "unknown parameter 'nonsense'." in words],
    ) == (
        400,
        ["/nonsense"],
    )


OTHERS = {
    ("PUT", "/scenario"),
    ("POST", "/scenario/check"),
    ("PUT", "/state"),
}  # their bodies are not, or not only, JSON
BODIES = sorted({(method, path) for method, path in CALLS if method != "GET"} - OTHERS)


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_an_unknown_key_in_the_body_is_named_at_every_call(control: Control, method: str, path: str) -> None:
    answered = await control.call(method, path, {"nonsense": 1})

    assert (answered.status, [at for at, _ in answered.errors if at == "/nonsense"]) == (400, ["/nonsense"])


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "body: invalid JSON: Expecting property name enclosed in double quotes at line 1 column 2"),
        (b"[]", "body: the body is not a JSON object"),
        (b"\xff", "body: byte 0 is not valid UTF-8"),
        (b'{"a": NaN}', "body: invalid JSON: NaN is not a JSON value"),
        (b"[" * 10_000, "body: the JSON is nested more than 64 levels deep"),
        (b'{"a": "\\ud800"}', "body: the JSON has an unpaired surrogate, which is not a character"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused_at_every_call(
    control: Control,
    method: str,
    path: str,
    body: bytes,
    words: str,
) -> None:
    answered = await control.call(method, path, body)

    assert (answered.status, answered.errors) == (400, [("", words)])


async def test_a_body_over_a_mebibyte_is_413(control: Control) -> None:
    body = io.BytesIO(b" " * (1024 * 1024 + 1))
    async with control.sandbox.client.post("/_sandbox/verify", data=body) as reply:
        assert (reply.status, reply.content_type) == (413, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("to=%ff", "query: a percent-encoded value is not valid UTF-8"),
        ("&".join(f"a{number}=1" for number in range(1_001)), "query: more than 1000 fields"),
    ],
)
async def test_a_query_that_cannot_be_read_is_refused(control: Control, query: str, words: str) -> None:
    async with control.sandbox.client.get(f"/_sandbox/messages?{query}") as reply:
        assert (reply.status, (await reply.json())["errors"]) == (400, [{"at": "", "problem": words}])


async def test_a_parameter_that_is_given_twice_is_named(control: Control) -> None:
    async with control.sandbox.client.get("/_sandbox/messages?to=1&to=2") as reply:
        assert (reply.status, (await reply.json())["errors"]) == (
            400,
            [{"at": "/to", "problem": "to is repeated; give it once"}],
        )


async def test_a_key_of_a_body_that_is_given_twice_is_named(control: Control) -> None:
    body = '{"to": "1", "count": {"exactly": 1, "exactly": 2}, "to": "2"}'
    async with control.sandbox.client.post("/_sandbox/verify", data=body) as reply:
        assert (reply.status, (await reply.json())["errors"]) == (
            400,
            [
                {"at": "/to", "problem": "to is repeated; give it once"},
                {"at": "/count/exactly", "problem": "exactly is repeated; give it once"},
            ],
        )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"limit": "0"}, "0 is less than the minimum of 1"),
        ({"limit": "1001"}, "1001 is more than the maximum of 1000"),
        ({"limit": "ten"}, "'ten' is a string, not an integer"),
        ({"limit": "1e3"}, "'1e3' is a string, not an integer"),
        ({"cursor": "0"}, "'0' is not a cursor; use the value of next in the previous page"),
        ({"cursor": "9" * 17}, "'99999999999999999' is not a cursor; use the value of next in the previous page"),
        ({"wait": "61"}, "'61' is longer than the maximum wait of 60s"),
        ({"wait": "-1s"}, "'-1s' is not a duration such as 200ms or 5s, or a number of seconds, at most 60s"),
        ({"text": "x" * 1_025}, "'" + "x" * 59 + "…' has 1025 characters, more than the maximum of 1024"),
    ],
)
async def test_a_parameter_out_of_bounds_is_refused(control: Control, query: dict[str, str], words: str) -> None:
    assert await control.refused("GET", "/messages", **query) == (400, [(f"/{next(iter(query))}", words)])
