from sandbox.control.masking import mask, masked_headers, masked_query, masked_text, masked_url


def test_two_characters_of_a_credential_are_shown() -> None:
    assert [mask("k1"), mask("secret-key")] == ["k1…", "se…"]


def test_headers_that_carry_credentials_are_masked_by_name_and_by_value() -> None:
    headers = {"x-api-key": "secret", "Authorization": "Bearer abc", "x-account-id": "secret", "host": "127.0.0.1"}

    assert masked_headers(headers, "secret") == {
        "x-api-key": "se…",
        "Authorization": "Be…",
        "x-account-id": "se…",
        "host": "127.0.0.1",
    }


def test_a_query_is_shown_by_name_with_its_credentials_masked() -> None:
    assert masked_query("key=top+secret&to=1&to=2&note=top%20secret&empty=", "top secret") == {
        "key": "to…",
        "to": ["1", "2"],
        "note": "to…",
        "empty": "",
    }


def test_a_query_that_cannot_be_read_is_shown_as_it_came_with_the_credential_masked() -> None:
    assert masked_query("key=secret&a=%ff", "secret") == {"": "key=se…&a=%ff"}


def test_a_credential_in_a_path_is_masked_however_it_is_encoded() -> None:
    assert masked_text("/v1/a b/x/a%20b/y/a+b", "a b") == "/v1/a …/x/a%…/y/a+…"


def test_the_key_in_the_address_of_a_callback_is_masked() -> None:
    assert masked_url("http://127.0.0.1/dlr?key=secret&smsID=7") == "http://127.0.0.1/dlr?key=se…&smsID=7"


def test_an_address_without_a_query_stays_as_it_is() -> None:
    assert masked_url("http://[bad/dlr") == "http://[bad/dlr"
