"""The YAML that is written for people: it is read back as it was, and looks like the shipped documents."""

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.authoring.yaml_text import write_yaml
from sandbox.formats.yaml_files import parse
from sandbox.formats.yaml_reader import StrictLoader

ODD = (
    "yes",
    "1e3",
    "0x1",
    "12:30",
    "2026-01-01",
    "null",
    "<<",
    "=",
    "x: y",
    "a #b",
    "- a",
    "...",
    "key:",
    "a\nb\n",
    " a",
)
texts = st.text(max_size=20) | st.text("ab \n\t#:,{}[]'\"\\-|>%@&*!?~0$/", max_size=10) | st.sampled_from(ODD)
scalars = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(texts, values, min_size=1, max_size=4))
@example({"": ["A:?"]})
@example({"a": [{"/a/{b}": {"c": 1}}]})
def test_everything_is_read_back_as_it_was(document: dict[str, object]) -> None:
    text = write_yaml(document, {}, head="of\nlines")

    assert yaml.load(text, Loader=StrictLoader) == document  # noqa: S506 - a subclass of the safe loader
    assert parse(text, "a.yaml").value == document


def test_short_mappings_stand_on_one_line_and_comments_above_their_values() -> None:
    document = {
        "info": {"title": "A", "version": "2.0.1"},
        "x-sandbox": {
            "life": [{"sent": "200ms"}, {"delivered": "2s"}],
            "channels": {"sms": {"says": "sent"}},
            "text": "two\nlines",
            "list": [{"a": "words, more words", "b": ["no", "12"]}, "{{ message.id }}"],
        },
    }
    comments = {("x-sandbox", "channels"): "What it sends.", ("x-sandbox", "list", 1): "The id."}

    assert write_yaml(document, comments, "Head.") == (
        "# Head.\n"
        "\n"
        "info: {title: A, version: 2.0.1}\n"
        "\n"
        "x-sandbox:\n"
        "  life: [sent: 200ms, delivered: 2s]\n"
        "  # What it sends.\n"
        "  channels:\n"
        "    sms: {says: sent}\n"
        "  text: |-\n"
        "    two\n"
        "    lines\n"
        "  list:\n"
        '    - {a: "words, more words", b: ["no", "12"]}\n'
        "    # The id.\n"
        '    - "{{ message.id }}"\n'
    )
