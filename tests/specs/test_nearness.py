"""How a path differs from the one that its client meant, in words."""

import pytest

from sandbox.specs.routing import Missed, find_difference
from tests.builders import router

SEND = "/api/v1/sms/send"
DIFFERENCES = {
    "/api//v1/sms/send": (SEND, "a doubled slash"),
    "//api/v1///sms/send": (SEND, "a doubled slash"),
    "/api/v1/sms/send/": (SEND, "a trailing slash"),
    "/api/v1/sms/send//": (SEND, "a doubled slash, a trailing slash"),
    "/API/v1/SMS/send": (SEND, "letter case"),
    "/API//v1/sms/send/": (SEND, "a doubled slash, a trailing slash, letter case"),
    "/api\\v1\\sms/send": (SEND, "a backslash"),
    "/api%2Fv1/sms/send": (SEND, "a percent-encoded slash"),
    "/smsbuddy/api/v1/sms/send": (SEND, "extra prefix /smsbuddy"),
    "/a/b/api/v1/sms/send": (SEND, "extra prefix /a/b"),
    "/v1/sms/send": (SEND, "missing prefix /api"),
    "/sms/send": (SEND, "missing prefix /api/v1"),
    "/v1/sms/report/7/": ("/v1/sms/report/{smsID}", "a trailing slash"),
    "/V1/sms/report/7": ("/v1/sms/report/{smsID}", "letter case"),
}


@pytest.mark.parametrize(("path", "difference"), DIFFERENCES.items(), ids=DIFFERENCES)
def test_a_path_is_told_apart_in_words(path: str, difference: tuple[str, str]) -> None:
    assert find_difference(path, [SEND, "/v1/sms/report/{smsID}"]) == difference


@pytest.mark.parametrize(
    "path", ["/", "//", "/nowhere", "/send", "/api/v1/sms/sent", SEND, "/v1/sms/report/7/8", "*", ""]
)
def test_a_path_that_is_simply_another_has_no_difference(path: str) -> None:
    assert find_difference(path, [SEND, "/v1/sms/report/{smsID}"]) is None


def test_the_path_that_was_meant_is_named_first() -> None:
    found = router().find("POST", "/x/API//smpp/client/send/")
    meant = router().find("POST", "/api//smpp/client/send/")

    assert isinstance(meant, Missed)
    assert (meant.difference, meant.near[0], isinstance(found, Missed)) == (
        "a doubled slash, a trailing slash",
        "POST /api/smpp/client/send (betatel.sms.send)",
        True,
    )


def test_a_path_that_lacks_the_method_has_no_difference() -> None:
    found = router().find("DELETE", "/v1/sms/send")

    assert isinstance(found, Missed)
    assert (found.allowed, found.difference) == (("GET", "POST"), "")


def test_a_path_that_stands_with_and_without_a_slash_is_named_once() -> None:
    found = router().find("POST", "/api//v1/sms/send/")

    assert isinstance(found, Missed)
    assert (found.difference, [each for each in found.near if "/ (" in each]) == (
        "a doubled slash",
        [],
    )
